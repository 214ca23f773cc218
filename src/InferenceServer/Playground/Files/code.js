// The request as code: tabs, and a button that copies.
import { byId } from "./dom.js";
import { snippets } from "./snippets.js";

let language = "curl";

/** body: gives the request as it would be sent now. */
export function bindCode(body, hasKey) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const show = () => {
    byId("snippet").textContent = byId("code").open && body() ? snippets[language](new URL("v1/generate", document.baseURI).href, body(), hasKey()) : "";
  };
  const choose = tab => {
    language = tab.dataset.language;
    for (const other of tabs) {
      other.setAttribute("aria-selected", other === tab);
      other.tabIndex = other === tab ? 0 : -1;
    }
    byId("snippet").setAttribute("aria-labelledby", tab.id);
    show();
  };
  for (const [at, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", event => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = tabs[(at + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  }
  byId("code").addEventListener("toggle", show);
  byId("copy").addEventListener("click", copy);
  return show;
}

async function copy() {
  const button = byId("copy");
  try {
    await navigator.clipboard.writeText(byId("snippet").textContent);
    button.textContent = "Copied";
  } catch {
    // Without a secure context there is no clipboard: select it, for Ctrl+C.
    getSelection().selectAllChildren(byId("snippet"));
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}
