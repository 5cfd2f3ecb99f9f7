// Keys, and verdicts without a page in between. All that it does is press buttons that are there: the page is whole
// without it. In the queue a verdict is sent beside the page and its card goes at once, for what is typed between two
// pages reaches neither of them; what has been done is then shown as the server tells it. Which key does what, and what
// there is to say, stands in the page.
"use strict";
(() => {
  const DECIDES = ["approve", "spam", "reject", "back", "skip"];
  const POLL = 20_000;
  const one = (what, where = document) => where.querySelector(what);
  const all = (what, where = document) => Array.from(where.querySelectorAll(what));
  const byId = (id) => document.getElementById(id);
  const cards = () => all(".card:not([hidden])");
  const current = () => one(".card.here:not([hidden])");
  const queue = () => byId("cards");
  const sheet = () => byId("keys");
  const words = (name) => document.body.dataset[name] || "";
  const click = (place, what) => { const found = place && one(what, place); if (found) found.click(); };

  // One card is the current one: it alone is met with Tab, and keys act on it.
  const choose = (card, focus) => {
    all(".card").forEach((other) => { other.classList.toggle("here", other === card); other.tabIndex = other === card ? 0 : -1; });
    if (!card || !focus) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  };

  // How the page looks, until the window is closed.
  const looks = { one: false, bare: false };
  const keep = (name, value) => {
    looks[name] = value;
    document.body.classList.toggle(name, value);
    try { sessionStorage.setItem(name, value ? "yes" : ""); } catch { /* Where nothing may be kept it lasts for this page. */ }
  };
  const dress = () => {
    try { Object.keys(looks).forEach((name) => { looks[name] = sessionStorage.getItem(name) === "yes"; }); } catch { /* as above */ }
    Object.keys(looks).forEach((name) => document.body.classList.toggle(name, looks[name]));
    document.body.classList.add("keys");
  };

  // What is ticked. "all" is all that fits the view, not only what is shown.
  const form = () => byId("batch");
  const boxes = () => all(".card:not([hidden]) input[name=pick]");
  const wide = () => one("input[name=all]", form() || document.createElement("p"));
  const ticked = () => boxes().filter((box) => box.checked);
  // The number of the campaign that is ticked as a whole, also what of it is not shown.
  const campaign = () => one("input[name=campaign]", form() || document.createElement("p")) || { value: "" };
  const alike = () => all(".card:not([hidden])").filter((card) => campaign().value && card.dataset.campaign === campaign().value);
  const tick = (picked, whole) => {
    boxes().forEach((box) => { box.checked = picked.includes(box); });
    if (wide()) wide().checked = whole;
    campaign().value = "";
    count();
  };
  const count = () => {
    if (!form()) return;
    const number = ticked().length;
    const whole = wide() && wide().checked;
    const said = (alike()[0] || { dataset: {} }).dataset.say;
    form().classList.toggle("some", number > 0 || whole || Boolean(said));
    byId("picked").textContent = said || whole && wide().dataset.say || (number ? words("ticked").replace("{}", number) : "");
    boxes().forEach((box) => box.closest(".card").classList.toggle("ticked", box.checked || whole));
  };
  const tickAlike = (card) => {
    const own = card.dataset.campaign;
    if (!own || !form()) return;
    const again = campaign().value === own;
    tick(again ? [] : boxes().filter((box) => box.closest(".card").dataset.campaign === own), false);
    campaign().value = again ? "" : own;
    count();
  };
  const tickMore = () => {
    const whole = wide() && wide().checked;
    if (!boxes().every((box) => box.checked)) tick(boxes(), false);
    else if (wide() && !whole) tick(boxes(), true);
    else tick([], false);
  };

  const unsent = []; // What was asked for and is not yet answered, in order.
  let sending = false;
  let behind = false; // Whether the page shows less than was done.
  let typed = null; // The keys that wait until it no longer is.
  let next = ""; // The card to be at then, after an undo.
  const faster = new Map(); // Cards on which somebody was, as they stand now, and which ones came after each.

  const put = (id, fresh) => {
    const old = byId(id);
    const now = fresh.getElementById(id);
    if (!old || !now) return;
    for (const { name, value } of now.attributes) old.setAttribute(name, value);
    old.replaceChildren(...document.adoptNode(now).childNodes);
  };
  const say = (text) => {
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.textContent = text;
    byId("notice").replaceChildren(notice);
  };
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");
  const send = async ({ action, body, after }) => {
    const answer = await fetch(action, { method: "POST", body, redirect: "manual", headers: { Prefer: "return=minimal" } });
    if (answer.type === "opaqueredirect") return "login"; // The only place where it may lead.
    if (answer.status === 204) return "";
    const text = await answer.text();
    const card = answer.status === 409 ? parse(text).querySelector("article.card") : null;
    if (!card) return text;
    faster.set(card.id, { card, after });
    return "";
  };
  const show = (text) => {
    const fresh = parse(text);
    document.title = fresh.title;
    document.body.replaceWith(document.adoptNode(fresh.body));
    dress();
    byId("main").focus(); // And at no card: what is typed now was not meant for this page.
  };
  const showFaster = () => faster.forEach(({ card, after }, id) => {
    const old = byId(id);
    if (old) old.replaceWith(card);
    else queue().insertBefore(card, after.map(byId).find((next) => next) || null);
  });
  // The same view as of the same moment: what came since is announced by a button, and moves nothing.
  const asOf = () => { const url = new URL(location.href); url.searchParams.set("seen", queue().dataset.seen); url.hash = ""; return url; };
  const refresh = async (url) => {
    const answer = await fetch(url);
    const text = await answer.text();
    if (unsent.length) return;
    const fresh = parse(text);
    if (!fresh.getElementById("cards")) { show(text); return; }
    if (!one(".card", fresh) && url.searchParams.has("seen")) { // Nothing is left that could be moved.
      url.searchParams.delete("seen");
      await refresh(url);
      return;
    }
    const seen = queue().dataset.seen;
    const address = new URL(answer.url);
    address.searchParams.delete("seen");
    history.replaceState(null, "", address);
    const chosen = next || (current() || {}).id;
    const elsewhere = document.activeElement.closest("header.top, form.find, dialog, #bar");
    const picked = ticked().map((box) => box.closest(".card").id);
    document.title = fresh.title;
    ["tabs", "bar", "cards", "notice"].forEach((id) => put(id, fresh));
    if (url.searchParams.has("seen")) queue().dataset.seen = seen;
    else byId("fresh").hidden = true;
    showFaster();
    tick(boxes().filter((box) => picked.includes(box.closest(".card").id)), false);
    choose((chosen && byId(chosen)) || cards().find((card) => !faster.has(card.id)), !elsewhere);
    const waited = typed || [];
    typed = null;
    next = "";
    behind = false;
    waited.forEach(([name, shifted]) => act(name, shifted));
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
        if (!problem) await refresh(asOf());
      }
    } catch {
      unsent.forEach(({ gone }) => gone.forEach((part) => { part.hidden = false; }));
      say(`${words("unreachable")} ${words(unsent.length ? "again" : "reload")}`);
    }
    unsent.length = 0;
    typed = null;
    sending = behind = false;
    if (problem === "login") location.reload();
    else if (problem) show(problem);
  };

  document.addEventListener("submit", (event) => {
    const sent = event.target;
    if (!sent.matches("form.acts, form.turn, #batch")) return;
    if (!queue()) {
      // A second click would be answered with "already handled".
      if (sent.classList.contains("sent")) event.preventDefault();
      sent.classList.add("sent");
      return;
    }
    event.preventDefault();
    const body = new URLSearchParams(new FormData(sent));
    if (event.submitter && event.submitter.name) body.set(event.submitter.name, event.submitter.value);
    const list = cards();
    const own = sent.closest(".card");
    let gone = own ? [own] : [sent.closest(".notice") || sent];
    if (sent === form()) {
      gone = wide() && wide().checked && !campaign().value ? list : ticked().map((box) => box.closest(".card"));
      if (!gone.length) { say(words("none")); return; }
    }
    const at = list.indexOf(own || current());
    const left = list.filter((card, place) => place >= at && !gone.includes(card));
    const before = list.filter((card, place) => place < at && !gone.includes(card)).pop();
    const after = left.map((card) => card.id);
    if (own) faster.delete(own.id);
    unsent.push({ action: sent.action, body, gone, after });
    behind = true;
    gone.forEach((part) => { part.hidden = true; });
    if (own || sent === form()) choose(left[0] || before, true);
    else { next = sent.dataset.card; typed = typed || []; }
    if (sent === form()) tick([], false);
    work();
  });
  document.addEventListener("change", (event) => { if (!event.target.matches("input[name=pick], input[name=all]")) return; campaign().value = ""; count(); });
  window.addEventListener("pageshow", () => all(".sent").forEach((part) => part.classList.remove("sent")));
  window.addEventListener("beforeunload", (event) => { if (unsent.length) event.preventDefault(); });

  // What changes the page, or needs one that is up to date, waits until all that was done is shown.
  const later = (name, shifted) => { if (behind) typed = [[name, shifted]]; return behind; };
  const step = (name) => {
    const list = cards();
    const to = list.indexOf(current()) + (name === "next" ? 1 : -1);
    if (list[to]) choose(list[to], true);
    else if (!later(name)) click(document, `.paging a[rel=${to < 0 ? "prev" : "next"}]`);
  };
  const go = (place) => {
    const tabs = all("#tabs a");
    const to = place === undefined ? (tabs.findIndex((tab) => tab.hasAttribute("aria-current")) + 1) % tabs.length : place;
    if (tabs[to]) tabs[to].click();
  };
  const act = (name, shifted) => {
    if (typed) typed.push([name, shifted]);
    else if (name === "next" || name === "previous") step(name);
    else if (DECIDES.includes(name) && shifted) click(form(), `[data-act=${name}]`);
    else if (DECIDES.includes(name)) { if (current() || !later(name)) click(current(), `[data-act=${name}]`); }
    else if (name === "undo") { if (!later(name, shifted)) click(document, `[data-act=${shifted ? "redo" : "undo"}]`); }
    else if (name === "select" && shifted) tickMore();
    else if (name === "select") click(current(), "input[name=pick]");
    else if (name === "campaign") { if (current()) tickAlike(current()); }
    else if (name === "open") { if (!later(name)) click(current(), "h2 a"); }
    else if (name === "focus") { keep("one", !looks.one); choose(current(), true); }
    else if (name === "why") { keep("bare", !looks.bare); choose(current(), true); }
    else if (name === "queue") { if (!later(name)) go(shifted); }
    else if (name === "search") { const field = one("input[type=search]"); if (field) { field.focus(); field.select(); } }
    else if (name === "help" && sheet()) sheet().showModal();
  };

  document.addEventListener("keydown", (event) => {
    // Not while something else is meant: shortcuts of the browser, typing, an input method, a key held down.
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
    const target = event.target.closest ? event.target : document.body;
    if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (!cards().length && !queue() || (sheet() && sheet().open)) return;
    const table = JSON.parse(document.body.dataset.keys || "{}");
    if (!Object.keys(table).length) return; // Switched off: arrows, Enter and Escape are then the browser's alone.
    const letter = event.key.toLowerCase() !== event.key.toUpperCase() && event.key.length === 1;
    let key = event.key.toLowerCase(); // Caps Lock is no Shift.
    // On a keyboard of another script the letter that would be there.
    if (letter && !(key in table) && key > "\x7f" && /^Key[A-Z]$/.test(event.code)) key = event.code[3].toLowerCase();
    let name = Object.hasOwn(table, key) ? table[key] : undefined;
    let shifted = event.shiftKey && letter;
    if (target.matches(".card")) name = name || { ArrowDown: "next", ArrowUp: "previous", Enter: "open" }[event.key];
    if (!name && !event.shiftKey && /^[1-9]$/.test(key)) { name = "queue"; shifted = Number(key) - 1; }
    if (event.key === "Escape" && queue()) {
      tick([], false);
      if (!unsent.length) byId("notice").replaceChildren();
      return;
    }
    if (name === "queue" && shifted === false) shifted = undefined;
    else if (!name || (shifted === true && !["undo", "select", ...DECIDES.slice(0, 4)].includes(name))) return;
    if (event.repeat && name !== "next" && name !== "previous") return;
    event.preventDefault();
    act(name, shifted);
  });
  document.addEventListener("focusin", (event) => {
    const card = event.target.closest(".card");
    if (card && card !== current()) choose(card, false);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act=help], button[data-act=campaign]");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.act === "campaign") tickAlike(button.closest(".card"));
    else if (sheet()) sheet().showModal();
  });

  // What has arrived since is counted now and then while somebody looks.
  let polling = setInterval(async () => {
    if (!queue() || !queue().dataset.arrived || document.hidden || behind) return;
    const url = new URL(queue().dataset.arrived, location.href);
    url.searchParams.set("seen", queue().dataset.seen);
    try {
      const answer = await fetch(url, { redirect: "manual" });
      if (answer.type === "opaqueredirect") { clearInterval(polling); return; } // The login has ended; the next page says so.
      if (!answer.ok) return;
      const { number, text } = await answer.json();
      const button = byId("fresh");
      if (number) button.textContent = text;
      button.hidden = !number;
    } catch { /* It is asked again; what somebody does is told where the server is away. */ }
  }, POLL);

  const start = () => {
    if (queue() || cards().length) dress();
    const target = cards().find((card) => `#${card.id}` === location.hash);
    choose(target || cards()[0], Boolean(target));
    count();
  };
  start();
})();
