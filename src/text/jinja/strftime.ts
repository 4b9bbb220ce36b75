// Python's strftime in the C locale, as templates use it through strftime_now.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]; // biome-ignore format: a list

/** A time in its local zone, written by a format such as "%d %b %Y". Unknown directives stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, dash: string, directive: string) => {
    const written = write(date, directive);
    if (written === null) return whole;
    return dash === "-" ? written.replace(/^[0 ]+(?=.)/, "") : written;
  });
}

function write(date: Date, directive: string): string | null {
  const two = (value: number): string => String(value).padStart(2, "0");
  const hour = date.getHours();
  const dayOfYear = Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000); // biome-ignore format: one sum
  switch (directive) {
    case "Y":
      return String(date.getFullYear());
    case "y":
      return two(date.getFullYear() % 100);
    case "m":
      return two(date.getMonth() + 1);
    case "B":
      return MONTHS[date.getMonth()];
    case "b":
    case "h":
      return MONTHS[date.getMonth()].slice(0, 3);
    case "d":
      return two(date.getDate());
    case "e":
      return String(date.getDate()).padStart(2, " ");
    case "j":
      return String(dayOfYear + 1).padStart(3, "0");
    case "A":
      return DAYS[date.getDay()];
    case "a":
      return DAYS[date.getDay()].slice(0, 3);
    case "w":
      return String(date.getDay());
    case "u":
      return String(date.getDay() === 0 ? 7 : date.getDay());
    case "H":
      return two(hour);
    case "I":
      return two(hour % 12 === 0 ? 12 : hour % 12);
    case "p":
      return hour < 12 ? "AM" : "PM";
    case "M":
      return two(date.getMinutes());
    case "S":
      return two(date.getSeconds());
    case "f":
      return `${String(date.getMilliseconds()).padStart(3, "0")}000`;
    case "F":
      return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    case "T":
    case "X":
      return `${two(hour)}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    case "R":
      return `${two(hour)}:${two(date.getMinutes())}`;
    case "D":
    case "x":
      return `${two(date.getMonth() + 1)}/${two(date.getDate())}/${two(date.getFullYear() % 100)}`;
    case "s":
      return String(Math.floor(date.getTime() / 1000));
    case "Z":
    case "z":
      return ""; // a time without a zone, as datetime.now() is
    case "n":
      return "\n";
    case "t":
      return "\t";
    case "%":
      return "%";
    default:
      return null;
  }
}
