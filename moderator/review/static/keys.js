// Keys, and verdicts without a page in between. All that it does is press buttons that are there: the page is whole
// without it. In the queue a verdict is sent beside the page and its card goes at once, for what is typed between two
// pages reaches neither of them; what has been done is then shown as the server tells it.
"use strict";
(() => {
  const DECISIONS = "asdu";
  const KEYS = new Set(`${DECISIONS}jkzo/?`);
  const cards = () => Array.from(document.querySelectorAll(".card:not([hidden])"));
  const current = () => document.querySelector(".card.here:not([hidden])");
  const queue = () => document.getElementById("cards");
  const sheet = () => document.getElementById("keys");

  const choose = (card, focus) => {
    document.querySelectorAll(".card.here").forEach((other) => other.classList.remove("here"));
    if (!card) return;
    card.classList.add("here");
    if (!focus) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  };

  const unsent = []; // What was asked for and is not yet answered, in order.
  let sending = false;
  let behind = false; // Whether the page shows less than was done.
  let typed = null; // The keys that wait until it no longer is.
  let next = ""; // The card to be at then, after an undo.

  const put = (id, fresh) => {
    const old = document.getElementById(id);
    const now = fresh.getElementById(id);
    if (old && now) old.replaceChildren(...document.adoptNode(now).childNodes);
  };
  const say = (text) => {
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.textContent = text;
    document.getElementById("notice").replaceChildren(notice);
  };
  const send = async ({ form, body }) => {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual", headers: { Prefer: "return=minimal" } });
    if (answer.type === "opaqueredirect") return "login"; // The only place where it may lead.
    return answer.status === 204 ? "" : answer.text();
  };
  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    document.title = fresh.title;
    document.body.replaceWith(document.adoptNode(fresh.body));
    document.body.classList.add("keys");
    document.getElementById("main").focus(); // And at no card: what is typed now was not meant for this page.
  };
  const refresh = async () => {
    const answer = await fetch(location.href);
    const text = await answer.text();
    if (unsent.length) return;
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (!fresh.getElementById("cards")) { show(text); return; }
    history.replaceState(null, "", answer.url);
    const chosen = next || (current() || {}).id;
    const elsewhere = document.activeElement.closest("header.top, form.find, dialog");
    document.title = fresh.title;
    ["tabs", "cards", "notice"].forEach((id) => put(id, fresh));
    choose((chosen && document.getElementById(chosen)) || cards()[0], !elsewhere);
    const waited = typed || [];
    typed = null;
    next = "";
    behind = false;
    waited.forEach(press);
  };
  const work = async () => {
    if (sending) return;
    sending = true;
    let problem = "";
    try {
      while (unsent.length && problem !== "login") {
        while (unsent.length && problem !== "login") {
          problem = await send(unsent[0]) || problem;
          unsent.shift();
        }
        if (!problem) await refresh();
      }
    } catch {
      unsent.forEach(({ form }) => { form.closest("[hidden]").hidden = false; });
      const { unreachable, again, reload } = document.body.dataset; // In the page's language.
      say(`${unreachable} ${unsent.length ? again : reload}`);
    }
    unsent.length = 0;
    typed = null;
    sending = behind = false;
    if (problem === "login") location.reload();
    else if (problem) show(problem);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form.acts, .notice form")) return;
    if (!queue()) {
      // A second click would be answered with "already handled".
      if (form.classList.contains("sent")) event.preventDefault();
      form.classList.add("sent");
      return;
    }
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    if (event.submitter && event.submitter.name) body.set(event.submitter.name, event.submitter.value);
    unsent.push({ form, body });
    behind = true;
    const list = cards();
    const at = list.indexOf(form.closest(".card"));
    form.closest(".card, .notice").hidden = true;
    if (at >= 0) choose(list[at + 1] || list[at - 1], true);
    else { next = form.dataset.card; typed = typed || []; }
    work();
  });
  window.addEventListener("pageshow", () => document.querySelectorAll(".sent").forEach((form) => form.classList.remove("sent")));
  window.addEventListener("beforeunload", (event) => { if (unsent.length) event.preventDefault(); });

  const click = (place, what) => { const found = place && place.querySelector(what); if (found) found.click(); };
  // What changes the page, or needs one that is up to date, waits until all that was done is shown.
  const later = (key) => { if (behind) typed = [key]; return behind; };
  const step = (key) => {
    const list = cards();
    const to = list.indexOf(current()) + (key === "j" ? 1 : -1);
    if (list[to]) choose(list[to], true);
    else if (!later(key)) click(document, `.paging a[rel=${to < 0 ? "prev" : "next"}]`);
  };
  const press = (key) => {
    if (typed) typed.push(key);
    else if (key === "j" || key === "k") step(key);
    else if (DECISIONS.includes(key)) { if (current() || !later(key)) click(current(), `[data-key="${key}"]`); }
    else if (key === "z") { if (!later(key)) click(document, '[data-key="z"]'); }
    else if (key === "o") { if (!later(key)) click(current(), "h2 a"); }
    else if (key === "/") { const field = document.querySelector("input[type=search]"); if (field) { field.focus(); field.select(); } }
    else if (key === "?" && sheet()) sheet().showModal();
  };

  document.addEventListener("keydown", (event) => {
    // Not while something else is meant: shortcuts of the browser, typing, an input method, a key held down.
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
    if (event.target.closest && event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (!cards().length && !queue() || (sheet() && sheet().open)) return;
    const key = event.shiftKey ? event.key : event.key.toLowerCase(); // Caps Lock is no Shift.
    if (!KEYS.has(key) || (event.repeat && key !== "j" && key !== "k")) return;
    event.preventDefault();
    press(key);
  });
  document.addEventListener("focusin", (event) => {
    const card = event.target.closest(".card");
    if (card && card !== current()) choose(card, false);
  });

  const start = () => {
    if (queue() || cards().length) document.body.classList.add("keys");
    const target = cards().find((card) => `#${card.id}` === location.hash);
    choose(target || cards()[0], Boolean(target));
  };
  start();
})();
