// Threads need an isolated page, which takes two headers. A host of files may not send them; then a service worker does, and the page is
// loaded once more under it. Where that is not possible (no service workers, no https) the engine computes on one thread.

export async function isolated() {
  if (globalThis.crossOriginIsolated || !("serviceWorker" in navigator)) return;
  const tried = sessionStorage.getItem("isolating") === "tried";
  if (tried) return;
  sessionStorage.setItem("isolating", "tried");
  try {
    await navigator.serviceWorker.register("isolate.js");
    await navigator.serviceWorker.ready;
  } catch {
    return;
  }
  location.reload();
  await new Promise(() => {}); // the page is about to go
}
