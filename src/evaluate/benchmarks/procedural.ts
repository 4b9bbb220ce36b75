/** Procedural questions in a file, as `reckon tasks sample` writes them: judged by their own task. */
import { taskNamed } from "../../tasks/catalogue.ts";
import { scoreText } from "../../tasks/score.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { fault, has, optionalText, text } from "./fields.ts";

export const procedural: FileBenchmark = {
  name: "tasks",
  about: "a file of `reckon tasks sample`",
  licence: "made by this program",
  files: [],
  grouped: "task",
  fits: (record) => has(record, "task", "prompt", "answer", "data"),
  question: (record, { index }) => {
    const task = taskNamed(text(record, "task"));
    const [prompt, gold] = [text(record, "prompt"), text(record, "answer")];
    const data = task.schema.safeParse(record.fields.data);
    if (!data.success) throw fault(record, `${record.where}: data is not that of a ${task.name} question.`);
    const entry = { task: task.name, answer: gold, data: data.data };
    return {
      id: optionalText(record, "id") ?? `${task.name}/${index}`,
      text: prompt,
      prompt,
      gold,
      judge: (response, ended) => {
        const { parts, reason } = scoreText(entry, response, { ended });
        return { ...parts, reason };
      },
      group: task.name,
      labels: has(record, "level") ? { level: text(record, "level") } : undefined,
    };
  },
};
