/* Live pages. The server says that something has changed; the page asks for itself again and exchanges what
   is different, part by part. A part in which somebody types stays until they are done. */
const main = document.querySelector("[data-live-at]");
const SPREAD = 700;
const AGAIN = 30000;
const typed = (field) =>
  field === document.activeElement || ("defaultValue" in field && field.value !== field.defaultValue);
const isTypedIn = (part) => [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some(typed);

let source = null;
let timer = null;
let asking = false;
let again = false;
let left = false;
/* Whether some part waits for somebody who types. */

function exchange(next) {
  left = false;
  for (const part of document.querySelectorAll("[data-live]")) {
    const come = next.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (!come || part.isEqualNode(come)) continue;
    if (isTypedIn(part)) {
      left = true;
      continue;
    }
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...part.querySelectorAll("details[open][id]")].map(({ id }) => id);
    part.replaceWith(document.adoptNode(come));
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  document.dispatchEvent(new Event("kursplan:exchanged"));
}

async function look() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { "Kursplan-Watching": "1" } });
    if (answer.ok && !answer.redirected)
      exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    again = true; // The line is cut; the stream begins anew when it is back.
  } finally {
    asking = false;
  }
}

function soon() {
  clearTimeout(timer);
  // Whoever else watches asks, too: not all in the same moment.
  timer = setTimeout(look, SPREAD * Math.random());
}

function begin() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource(main.dataset.liveAt);
  source.onopen = () => {
    if (again) soon();
    again = false;
  };
  source.onmessage = ({ lastEventId }) => {
    const at = new URL(main.dataset.liveAt, location.href);
    at.searchParams.set("seen", lastEventId);
    main.dataset.liveAt = at.href;
    soon();
  };
  source.onerror = () => source.readyState === EventSource.CLOSED && setTimeout(begin, AGAIN);
}

if (main) {
  begin();
  // Who does not look needs no stream, and sees what has changed when they look again.
  document.addEventListener("visibilitychange", begin);
  document.addEventListener("focusout", () => left && soon());
  const every = Number(main.dataset.liveEvery);
  if (every) setInterval(() => document.hidden || soon(), every * 1000);
}
