// Lists that grow at their top: what comes while one reads further down is held back, hidden, before
// anything is painted; a button counts it and shows it.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  const LIST = '[data-newest-first]';
  const HELD = ':scope > [data-held]';
  const away = new WeakMap(); // list → whether its top was above the window when one last scrolled

  const lists = () => [...document.querySelectorAll(LIST)];

  function measure(list) {
    const above = list.getBoundingClientRect().top < -1; // a scroll ends on fractions of a pixel
    away.set(list, above);
    return above;
  }

  function isAway(list) {
    return list.matches(LIST) && (away.has(list) ? away.get(list) : measure(list));
  }

  function hold(element) {
    element.hidden = true;
    element.dataset.held = '';
  }

  function release(list) {
    for (const element of list.querySelectorAll(HELD)) {
      element.hidden = false;
      delete element.dataset.held;
    }
    count(list);
  }

  // The list is fetched anew: what is above the first line that one has seen stays held.
  function holdAgain(old, fresh) {
    for (const list of live.within(old, LIST)) {
      const next = list.id && live.within(fresh, `#${CSS.escape(list.id)}`)[0];
      if (!next || !isAway(list)) continue;
      const isSeen = ({id}) => id && list.querySelector(`:scope > #${CSS.escape(id)}:not([data-held])`);
      const first = [...next.children].findIndex(isSeen);
      [...next.children].slice(0, Math.max(0, first)).forEach(hold);
    }
  }

  // The nearest one: in what holds the list, or in what holds that.
  function buttonOf(list) {
    let [box, button] = [list, null];
    while (!button && (box = box.parentElement)) button = box.querySelector('[data-held-count]');
    return button;
  }

  function count(list) {
    const button = buttonOf(list);
    if (!button) return;
    const held = list.querySelectorAll(HELD).length;
    const text = held ? `${held} new update${held > 1 ? 's' : ''}` : '';
    button.hidden = !held;
    if (button.textContent !== text) button.textContent = text;
  }

  function toTop(list) {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    release(list);
    if (!list.hasAttribute('tabindex')) list.tabIndex = -1; // the button goes: reading goes on at the list
    list.focus({preventScroll: true});
    list.scrollIntoView({block: 'start', behavior: still ? 'instant' : 'smooth'});
  }

  function look() {
    for (const list of lists()) if (!measure(list)) release(list);
  }

  for (const name of ['scroll', 'resize']) window.addEventListener(name, look, {passive: true});

  document.addEventListener('click', ({target}) => {
    const button = target.closest && target.closest('[data-held-count]');
    if (button) lists().filter((list) => buttonOf(list) === button).forEach(toTop);
  });

  Object.assign(live, {isAway, hold, holdAgain, countHeld: () => lists().forEach(count)});
})();
