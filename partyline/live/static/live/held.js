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

  // Lists may share a button: were it written for each of them, every change would bring the next.
  function countHeld() {
    const counts = new Map(); // button → how many its lists hold, and the first of them
    for (const list of lists()) {
      const button = buttonOf(list);
      const [before, first] = counts.get(button) || [0, list];
      counts.set(button, [before + list.querySelectorAll(HELD).length, first]);
    }
    counts.delete(null);
    for (const [button, [held, first]] of counts) {
      const text = held ? `${held} new update${held > 1 ? 's' : ''}` : '';
      if (!held && button === document.activeElement) focus(first);
      button.hidden = !held;
      if (button.textContent !== text) button.textContent = text;
    }
  }

  // The button goes: reading goes on at the list.
  function focus(list) {
    if (!list.hasAttribute('tabindex')) list.tabIndex = -1;
    list.focus({preventScroll: true});
  }

  function toTop(list) {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    focus(list);
    list.scrollIntoView({block: 'start', behavior: still ? 'instant' : 'smooth'});
  }

  function look() {
    const reached = lists().filter((list) => !measure(list));
    reached.forEach(release);
    if (reached.length) countHeld();
  }

  for (const name of ['scroll', 'resize']) window.addEventListener(name, look, {passive: true});

  document.addEventListener('click', ({target}) => {
    const button = target.closest && target.closest('[data-held-count]');
    if (!button) return;
    const its = lists().filter((list) => buttonOf(list) === button);
    its.forEach(release);
    countHeld();
    if (its.length) toTop(its[0]);
  });

  Object.assign(live, {isAway, hold, holdAgain, countHeld});
})();
