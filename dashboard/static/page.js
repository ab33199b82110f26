// What pages do beside being pages: say that there is news, close menus, move through rows by keys.
const { news, stamp: own, worker } = document.body.dataset;
const live = document.querySelector(".live");

// -- news: a stamp above the one that the page was made with
let isOpen = false;

function show() {
  if (!live) return;
  const link = live.querySelector("a");
  if (link) return;
  live.textContent = isOpen ? "live" : "not live";
  live.dataset.state = isOpen ? "open" : "closed";
}

function heard({ stamp, isOpen: now }) {
  if (now !== undefined) isOpen = now;
  if (stamp) {
    if (Number(own) && Number(stamp) > Number(own) && live && !live.querySelector("a")) {
      const link = document.createElement("a");
      link.href = location.href.split("#")[0];
      link.textContent = "There is news: show it";
      live.dataset.state = "news";
      live.replaceChildren(link);
    }
  }
  show();
}

if (news) {
  if ("SharedWorker" in window) {
    const shared = new SharedWorker(worker, { type: "module", name: "groove-news" });
    shared.port.addEventListener("message", ({ data }) => heard(data));
    shared.port.start();
    shared.port.postMessage({ url: news });
    addEventListener("pagehide", () => shared.port.postMessage({ bye: true }));
    addEventListener("pageshow", ({ persisted }) => persisted && shared.port.postMessage({ url: news }));
  } else {
    let source;
    const listen = () => {
      source = new EventSource(news);
      source.addEventListener("stamp", ({ data }) => heard({ stamp: data }));
      source.addEventListener("open", () => heard({ isOpen: true }));
      source.addEventListener("error", () => heard({ isOpen: false }));
    };
    document.addEventListener("visibilitychange", () => {
      source?.close();
      if (!document.hidden) listen();
    });
    listen();
  }
}

// -- menus: Escape and a click elsewhere close them
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// -- selects that filter apply at once; without script there is a button
for (const form of document.querySelectorAll("form.filters")) {
  form.querySelector("button.apply")?.setAttribute("hidden", "");
  form.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
}

// -- one box for all boxes of a table
for (const all of document.querySelectorAll("input.all")) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of all.closest("table").querySelectorAll("tbody input[type=checkbox]")) box.checked = all.checked;
  });
}

// -- j and k go from row to row, / to the search
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
  if (event.key !== "j" && event.key !== "k") return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at + (event.key === "j" ? 1 : -1)];
  next?.querySelector("a")?.focus();
});
