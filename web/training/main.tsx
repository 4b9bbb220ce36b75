/** The beginning of the training window's page. */
import { createRoot } from "react-dom/client";
import { loadSettings } from "../chat/settings.ts";
import { RunsWindow } from "./RunsWindow.tsx";
import "../theme.css";
import "uplot/dist/uPlot.min.css";
import "./data.css";

const { theme } = loadSettings();
if (theme !== "system") document.documentElement.dataset.theme = theme;
createRoot(document.getElementById("app")!).render(<RunsWindow />);
