// Keys for those who like them. The page is whole without this file: every key presses a button that is there.
"use strict";
(() => {
  const cards = Array.from(document.querySelectorAll(".card"));
  const sheet = document.getElementById("keys");
  if (!cards.length && !sheet) return;
  document.body.classList.add("keys");
  let here = -1;

  const choose = (index, focus) => {
    if (index < 0 || index >= cards.length) return;
    if (here >= 0) cards[here].classList.remove("here");
    here = index;
    cards[here].classList.add("here");
    if (focus) {
      cards[here].focus({ preventScroll: true });
      cards[here].scrollIntoView({ block: "nearest" });
    }
  };
  const turn = (rel) => {
    const link = document.querySelector(`.paging a[rel=${rel}]`);
    if (link) link.click();
  };
  const step = (by) => {
    const to = here + by;
    if (to < 0) turn("prev");
    else if (to >= cards.length) turn("next");
    else choose(to, true);
  };
  const press = (key) => {
    const place = key === "z" ? document : cards[here];
    const button = place && place.querySelector(`[data-key="${key}"]`);
    if (button) button.click();
  };

  const keys = {
    j: () => step(1), k: () => step(-1),
    a: () => press("a"), s: () => press("s"), d: () => press("d"), u: () => press("u"), z: () => press("z"),
    o: () => { const link = here >= 0 && cards[here].querySelector("h2 a"); if (link) link.click(); },
    "/": () => { const field = document.querySelector("input[type=search]"); if (field) field.focus(); },
    "?": () => { if (sheet && !sheet.open) sheet.showModal(); },
  };
  const moves = new Set(["j", "k"]);

  document.addEventListener("keydown", (event) => {
    // Not while something else is meant: shortcuts of the browser, typing, an input method, a key held down.
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
    if (event.target.closest && event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (sheet && sheet.open) return;
    const act = keys[event.key];
    if (!act || (event.repeat && !moves.has(event.key))) return;
    event.preventDefault();
    act();
  });
  cards.forEach((card, index) => card.addEventListener("focusin", () => { if (index !== here) choose(index, false); }));

  // A second click on the same form would be answered with "already handled".
  document.querySelectorAll("form.acts, .notice form").forEach((form) => {
    let sent = false;
    form.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
    window.addEventListener("pageshow", () => { sent = false; });
  });

  const target = cards.findIndex((card) => `#${card.id}` === window.location.hash);
  if (target >= 0) choose(target, true);
  else choose(0, false);
})();
