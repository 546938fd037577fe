// What the extension does to the page: swaps that may come twice, own things, local times,
// the state line, and lists that stay at their bottom.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  const BOTTOM = 40; // pixels: nearer than that is at the bottom
  const TROUBLE = 3000; // ms of trouble before the state line appears
  const NOTICE = 8000; // ms that a notice stays
  const INSERTS = ['beforebegin', 'afterbegin', 'beforeend', 'afterend'];
  const PENDING = ':scope > [id^="pending-"]';

  const within = (root, selector) => [...(root.matches && root.matches(selector) ? [root] : []),
    ...root.querySelectorAll(selector)];

  // Everybody gets the same HTML: what differs per person is decided here.
  function decorate(root) {
    const {person} = document.body.dataset;
    for (const element of within(root, '[data-author]')) {
      element.classList.toggle('own', Boolean(person) && element.dataset.author === person);
    }
    for (const element of within(root, '[data-updated]')) live.age(element);
    for (const element of within(root, 'time[datetime]')) localise(element);
    live.tally(root);
  }

  function localise(element) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) return;
    const today = date.toDateString() === new Date().toDateString();
    const text = new Intl.DateTimeFormat(undefined, {
      ...(today ? {} : {day: 'numeric', month: 'short'}),
      ...(date.getFullYear() === new Date().getFullYear() ? {} : {year: 'numeric'}),
      hour: '2-digit', minute: '2-digit',
    }).format(date);
    if (element.textContent !== text) element.textContent = text;
  }

  // Rewrite an entry's HTML so that a page that already shows its effect does not change: an id that
  // exists is replaced in place or, if nothing differs, left alone; what has no target is ignored.
  function idempotent(html) {
    const box = document.createElement('template');
    box.innerHTML = html;
    decorate(box.content);
    for (const part of [...box.content.children]) {
      const swap = part.getAttribute('hx-swap-oob') || part.getAttribute('data-hx-swap-oob') || 'true';
      const colon = swap.indexOf(':');
      const target = find(colon > 0 ? swap.slice(colon + 1) : part.id && `#${CSS.escape(part.id)}`);
      const style = colon > 0 ? swap.slice(0, colon) : swap;
      if (!target) part.remove();
      else if (INSERTS.includes(style)) insertOnce(part, style, target);
      else if (['true', 'outerHTML'].includes(style) && unchanged(target, part)) part.remove();
    }
    return box.innerHTML;
  }

  function insertOnce(part, style, target) {
    for (const child of [...part.children]) {
      const shown = child.id && document.getElementById(child.id);
      if (!shown) continue;
      if (unchanged(shown, child)) child.remove();
      else {
        child.setAttribute('hx-swap-oob', 'true');
        part.before(child);
      }
    }
    if (!part.children.length) return part.remove();
    if (style === 'afterbegin' && live.isAway(target)) [...part.children].forEach(live.hold);
    // What is not yet said stays on the newest side of what is.
    const pending = [...target.querySelectorAll(PENDING)];
    if (style === 'beforeend' && pending.length) {
      part.setAttribute('hx-swap-oob', `beforebegin:#${CSS.escape(pending[0].id)}`);
    } else if (style === 'afterbegin' && pending.length && pending[0] === target.firstElementChild) {
      part.setAttribute('hx-swap-oob', `afterend:#${CSS.escape(pending[pending.length - 1].id)}`);
    }
  }

  function find(selector) {
    try {
      return selector ? document.querySelector(selector) : null;
    } catch (error) {
      return null; // not a selector
    }
  }

  // Hand what this page has made of `shown` to what replaces it, and say whether anything is left to change.
  function unchanged(shown, incoming) {
    if (shown.matches('[data-held]')) live.hold(incoming);
    live.keepPressed(shown, incoming);
    const [a, b] = [shown, incoming].map((element) => element.cloneNode(true));
    for (const each of [a, b]) ['hx-swap-oob', 'data-hx-swap-oob'].forEach((name) => each.removeAttribute(name));
    return a.isEqualNode(b);
  }

  // Swap a stream's element for a fresh one: drafts, focus (by htmx) and the scroll position survive.
  function replace(old, fresh) {
    const address = (field) => (field.id ? `#${CSS.escape(field.id)}`
      : `[name="${CSS.escape(field.name)}"]`);
    const drafts = within(old, 'textarea, input:not([type=hidden], [type=file], [type=checkbox], [type=radio])')
      .filter((field) => (field.id || field.name) && field.value !== field.defaultValue)
      .map((field) => [address(field), field.value]);
    const focused = document.activeElement;
    const selection = [focused && focused.selectionStart, focused && focused.selectionEnd];
    const scrolled = within(document, '[data-follow]')
      .filter((box) => box.contains(old)).map((box) => [box, box.scrollTop]);
    const id = old.id || (old.id = `stream-${live.uuid()}`);
    fresh.id = fresh.id || id;
    // The whole of it goes in by one swap: nothing in it is out of band here.
    within(fresh, '[hx-swap-oob]').forEach((element) => element.removeAttribute('hx-swap-oob'));
    live.forgetTallies(fresh);
    decorate(fresh);
    live.holdAgain(old, fresh);
    htmx.swap(old, fresh.outerHTML, {swapStyle: 'outerHTML', swapDelay: 0, settleDelay: 0});
    const shown = document.getElementById(fresh.id);
    for (const [selector, value] of drafts) {
      const field = shown && shown.querySelector(selector);
      if (!field) continue;
      field.value = value;
      if (field === document.activeElement && field.id === focused.id) field.setSelectionRange(...selection);
    }
    for (const [box, top] of scrolled) if (!follow(box).bottom) box.scrollTop = top;
  }

  // The state line: quiet for the first seconds of trouble, except where somebody has to act.
  let wanted = {state: 'live', text: ''};
  let timer = 0;

  function tell(state, text) {
    const line = document.getElementById('live-state');
    wanted = {state, text};
    if (!line) return;
    line.dataset.state = state;
    if (state === 'live' || state === 'refused' || !line.hidden) write(text);
    else if (!timer) timer = setTimeout(() => write(wanted.text), TROUBLE);
  }

  function notice(text) {
    write(text);
    timer = setTimeout(() => write(wanted.text), NOTICE);
  }

  function write(text) {
    const line = document.getElementById('live-state');
    clearTimeout(timer);
    timer = 0;
    if (!line) return;
    if (line.textContent !== text) line.textContent = text;
    line.hidden = !text;
  }

  // A list that is at its bottom stays there; else a button counts what is new below.
  const follows = new WeakMap();

  function follow(box) {
    if (!follows.has(box)) {
      follows.set(box, {bottom: true, count: 0});
      if (window.ResizeObserver) new ResizeObserver(() => stick(box)).observe(box);
    }
    return follows.get(box);
  }

  function stick(box, news = 0) {
    const at = follow(box);
    if (at.bottom) box.scrollTo({top: box.scrollHeight, behavior: 'instant'});
    at.count = at.bottom ? 0 : Math.max(0, at.count + news);
    const button = box.parentElement.querySelector('[data-new-count]')
      || document.querySelector('[data-new-count]');
    if (!button) return;
    button.hidden = !at.count;
    button.textContent = at.count ? `${at.count} new` : '';
  }

  function toBottom(box) {
    follow(box).bottom = true;
    stick(box);
  }

  document.addEventListener('scroll', ({target}) => {
    if (!target.matches || !target.matches('[data-follow]')) return;
    follow(target).bottom = target.scrollHeight - target.scrollTop - target.clientHeight < BOTTOM;
    if (follow(target).bottom) stick(target);
  }, {capture: true, passive: true});

  document.addEventListener('click', ({target}) => {
    const button = target.closest && target.closest('[data-new-count]');
    if (!button) return;
    const box = button.parentElement.querySelector('[data-follow]') || document.querySelector('[data-follow]');
    if (box) toBottom(box);
  });

  // Whatever changed the page, an entry, a fragment, another swap of htmx: it all comes by here.
  function changed(records) {
    const elements = (nodes) => [...nodes].filter((node) => node.nodeType === Node.ELEMENT_NODE);
    records.forEach((record) => elements(record.addedNodes).forEach(decorate));
    for (const box of document.querySelectorAll('[data-follow]')) {
      const inside = records.filter((record) => box.contains(record.target));
      if (!inside.length) continue;
      const ids = (name) => new Set(inside.flatMap((record) => elements(record[name])).map((each) => each.id));
      const [added, removed] = [ids('addedNodes'), ids('removedNodes')];
      const fresh = [...added].filter((id) => id && !removed.has(id));
      // Who says something wants to see it.
      if (fresh.some((id) => id.startsWith('pending-') && document.getElementById(id))) toBottom(box);
      else stick(box, fresh.filter((id) => !id.startsWith('pending-')).length);
    }
    live.countHeld();
    live.drawPause();
    live.drawAges();
  }

  Object.assign(live, {within, idempotent, replace, tell, notice, pageChanged: changed});
  decorate(document.body);
  document.querySelectorAll('[data-follow]').forEach((box) => stick(box));
})();
