/** The page's beginning: what was kept is read, then the chat is drawn. */
import { createRoot } from "react-dom/client";
import { ChatWindow } from "./chat/ChatWindow.tsx";
import { ChatStore } from "./chat/store.ts";
import "./theme.css";
import "./chat/chat.css";

const store = new ChatStore();
createRoot(document.getElementById("app")!).render(<ChatWindow store={store} />);
void store.load();
