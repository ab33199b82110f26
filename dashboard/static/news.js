// Shared by all tabs of this browser: one event stream for all of them, since a browser opens six connections to a host at most.
const ports = new Set();
let source;
let last = "";
let isOpen = false;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function listen(url) {
  source = new EventSource(url);
  source.addEventListener("stamp", (event) => {
    last = event.data;
    tell({ stamp: last });
  });
  source.addEventListener("open", () => {
    isOpen = true;
    tell({ isOpen });
  });
  source.addEventListener("error", () => {
    isOpen = false;
    tell({ isOpen });
    if (source.readyState === EventSource.CLOSED) {
      source = undefined;
      setTimeout(() => { if (ports.size && !source) listen(url); }, 10000);
    }
  });
}

self.addEventListener("connect", (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.addEventListener("message", ({ data }) => {
    if (data.bye) {
      ports.delete(port);
      if (!ports.size && source) { source.close(); source = undefined; isOpen = false; }
      return;
    }
    if (!source) listen(data.url);
    port.postMessage({ isOpen });
    if (last) port.postMessage({ stamp: last });
  });
  port.start();
});
