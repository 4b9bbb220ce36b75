/**
 * A place to write that grows with its lines, up to `most`. The browser keeps its text: told to React at every key, thousands of lines
 * would be read and compared each time. Who needs the text reads it from `box`.
 */
import { type ComponentProps, type RefObject, useLayoutEffect } from "react";

interface Props extends Omit<ComponentProps<"textarea">, "value" | "rows" | "ref"> {
  readonly box: RefObject<HTMLTextAreaElement | null>;
  readonly least: number;
  readonly most: number;
}

export function TextBox({ box, least, most, onInput, ...others }: Props) {
  const fit = (): void => {
    // So many lines of it are enough to know.
    const lines = box.current!.value.split("\n", most).length;
    const rows = Math.max(least, lines);
    if (box.current!.rows !== rows) box.current!.rows = rows;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the text it begins with is fitted here
  useLayoutEffect(fit, []);
  return (
    <textarea
      {...others}
      ref={box}
      onInput={(event) => {
        fit();
        onInput?.(event);
      }}
    />
  );
}
