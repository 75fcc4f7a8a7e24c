// The pages work without this script; with it they change by themselves.

const LIVE = { headers: { "X-Live": "1", Accept: "text/html" }, redirect: "manual" };
const PAUSE = 800;
const LAG = 2500;
const MEGABYTE = 1_000_000;

const main = document.getElementById("main");

// Live: a page that is told of a change fetches itself and takes over the regions that differ.

function isBusy(region) {
  if (!("form" in region.dataset)) return false;
  if (region.querySelector("[role=alert]")) return true;
  if (region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, button")) return true;
  return [...region.querySelectorAll("input, select, textarea")].some(isTouched);
}

function isTouched(field) {
  if (field.type === "hidden") return false;
  if (field.type === "file") return field.files.length > 0;
  if (field.tagName === "SELECT") {
    const before = [...field.options].findIndex((each) => each.defaultSelected);
    return field.selectedIndex !== Math.max(before, 0);
  }
  return field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

function plain(region) {
  // What is left of a time is counted down here; a difference in it alone is no change.
  const copy = region.cloneNode(true);
  copy.querySelectorAll("time").forEach((each) => (each.textContent = ""));
  copy.querySelectorAll("details[open]").forEach((each) => each.removeAttribute("open"));
  copy.querySelectorAll(".stale").forEach((each) => each.remove());
  return copy.outerHTML;
}

function takeOver(fresh) {
  for (const region of main.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next || plain(next) === plain(region)) continue;
    // What is wrong with a form that was sent stays, as long as the order still takes that form.
    if (region.querySelector("[role=alert]") && next.dataset.form === region.dataset.form) continue;
    if (isBusy(region)) {
      sayStale(region);
      continue;
    }
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    for (const open of region.querySelectorAll("details[open][id]")) {
      next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    if (next.dataset.news) document.getElementById("news").textContent = next.dataset.news;
    region.replaceWith(document.adoptNode(next));
    if (focused) document.getElementById(focused)?.focus();
  }
  prepare();
}

function sayStale(region) {
  if (region.querySelector(".stale")) return;
  const note = document.createElement("p");
  note.className = "stale notice";
  note.setAttribute("role", "status");
  note.textContent = "The order has moved on while you type. ";
  const again = document.createElement("a");
  again.href = page();
  again.textContent = "Show how it stands now";
  note.append(again);
  region.prepend(note);
}

function page() {
  // A form that was refused is shown under its own address, which cannot be fetched.
  return main.dataset.page ?? location.href;
}

let fetching = null;
let again = false;

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = fetch(page(), LIVE);
  try {
    const answer = await fetching;
    if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The gateway is away for a moment; the stream begins again and tells of it.
  }
  await new Promise((done) => setTimeout(done, PAUSE));
  fetching = null;
  if (again) {
    again = false;
    refresh();
  }
}

let later = 0;

function refreshLater() {
  clearTimeout(later);
  later = setTimeout(refresh, LAG);
}

let stream = null;
let over = false;

function listen() {
  // A browser has few connections to one host, so only pages that are seen hold one.
  if (!main.dataset.events || stream || over || document.hidden) return;
  stream = new EventSource(main.dataset.events);
  stream.addEventListener("changed", refresh);
  if (!main.dataset.page) {
    // Lists lag behind what is told of, and are counted only now and then: they are looked at again.
    for (const each of ["open", "changed"]) stream.addEventListener(each, refreshLater);
  }
  stream.addEventListener("end", () => {
    over = true;
    rest();
  });
  stream.addEventListener("error", () => {
    // The browser tries again by itself, save where it was turned away.
    if (stream?.readyState === EventSource.CLOSED) sayLost();
  });
}

function rest() {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    rest();
  } else if (main.dataset.events && !over) {
    listen();
    refresh();
  }
});
addEventListener("pagehide", rest);
addEventListener("pageshow", listen);

function sayLost() {
  over = true;
  const note = document.createElement("p");
  note.className = "stale notice";
  note.textContent = "This page no longer changes by itself. ";
  const reload = document.createElement("a");
  reload.href = page();
  reload.textContent = "Load it again";
  note.append(reload);
  note.setAttribute("role", "status");
  main.prepend(note);
}

// Time that is left, counted down.

const UNITS = [[86_400, "day", "days"], [3_600, "h", "h"], [60, "min", "min"], [1, "s", "s"]];

function duration(seconds) {
  const parts = [];
  let rest = Math.max(Math.floor(seconds), 0);
  for (const [length, one, many] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count) parts.push(`${count} ${count === 1 ? one : many}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

function countDown() {
  for (const each of document.querySelectorAll("time[data-until]")) {
    const rest = (Date.parse(each.dateTime) - Date.now()) / 1000;
    const words = rest > 0 ? `${duration(rest)} left` : "time is up";
    if (each.textContent !== words) each.textContent = words;
  }
}

// A file is sent with its progress shown; what comes back is the page that a plain form would get.

function send(event) {
  const form = event.target;
  event.preventDefault();
  const field = form.querySelector("input[type=file]");
  const error = form.querySelector("[data-said]");
  const most = Number(form.querySelector("option:checked")?.dataset.most ?? Infinity);
  if (field.files[0]?.size > most) {
    error.textContent = `▲ The file is larger than ${most / MEGABYTE} MB. Scan it at 200 dpi in grey, or send only the pages that matter.`;
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return;
  }
  const shown = form.querySelector(".progress");
  const bar = shown.querySelector("progress");
  const words = shown.querySelector("span");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  request.responseType = "document";
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", (sent) => {
    bar.value = sent.lengthComputable ? (100 * sent.loaded) / sent.total : 0;
    words.textContent = bar.value < 100 ? `${Math.round(bar.value)} %` : "It is checked …";
  });
  request.addEventListener("load", () => showAnswer(request));
  request.addEventListener("error", () => {
    shown.hidden = true;
    button.disabled = false;
    error.textContent = "▲ The file did not arrive. Check the connection and send it again.";
    error.scrollIntoView({ block: "center" });
  });
  shown.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
}

function showAnswer(request) {
  const next = request.response?.getElementById("main");
  if (!next) {
    location.reload();
    return;
  }
  main.replaceChildren(...document.adoptNode(next).childNodes);
  prepare();
  (main.querySelector("[role=alert]") ?? main).focus();
  scrollTo({ top: 0 });
}

function prepare() {
  for (const form of document.querySelectorAll("form[data-upload]")) form.addEventListener("submit", send);
  countDown();
}

prepare();
setInterval(countDown, 1000);
listen();
