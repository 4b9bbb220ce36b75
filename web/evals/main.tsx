/** The beginning of the evaluation window's page. */
import { createRoot } from "react-dom/client";
import { loadSettings } from "../chat/settings.ts";
import { EvalsWindow } from "./EvalsWindow.tsx";
import "../theme.css";
import "../training/data.css";
import "./evals.css";

const { theme } = loadSettings();
if (theme !== "system") document.documentElement.dataset.theme = theme;
createRoot(document.getElementById("app")!).render(<EvalsWindow />);
