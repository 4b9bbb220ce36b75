/** The thread that reads evaluations: a file of a hundred thousand answers takes seconds, and answers must go on meanwhile. */
import { answerQuestions } from "../threads/answering.ts";
import { answerOf } from "./answers.ts";

answerQuestions(answerOf);
