// Links that act: with a socket a click says something to the link's stream, without one the link is
// followed. And the tallies of what many people did so.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  const LINK = 'a[data-act]';
  const TOGGLE = `${LINK}[data-toggle]`;

  // What a click on it says, without `on` and client_id; null: nothing that can be said.
  function frameOf(link) {
    const stream = link.closest('[data-stream]');
    const fields = parsed(link.dataset.fields || '{}');
    if (!stream || !fields) return null;
    const texts = Object.entries(fields).map(([name, value]) => [name, String(value)]);
    return {...Object.fromEntries(texts), type: link.dataset.act, stream: stream.dataset.stream};
  }

  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      console.warn('partyline: not JSON', text);
      return null;
    }
  }

  // Whether `frame`, which was said, is of the link that says `plain`.
  const isOf = (frame, plain) => Boolean(plain) && frame.type === plain.type && frame.stream === plain.stream
    && Object.entries(plain).every(([name, value]) => frame[name] === value);

  // Show every link of this frame as pressed, or not.
  function press(frame, on) {
    for (const link of document.querySelectorAll(TOGGLE)) {
      if (isOf(frame, frameOf(link))) link.setAttribute('aria-pressed', String(on));
    }
  }

  // Say it; false if the link is to be followed instead.
  function act(link) {
    const plain = frameOf(link);
    if (!plain || !live.socket || !live.socket.connection.usable) return false;
    const {outbox} = live.socket;
    if (outbox.full) return live.notice('Too much is waiting to be sent already.') || true;
    const frame = {...plain, client_id: live.uuid()};
    const before = {}; // client_id → what it asked for
    let was;
    if (link.matches(TOGGLE)) {
      was = link.getAttribute('aria-pressed') === 'true';
      frame.on = was ? '0' : '1';
      // What was said before and is not answered has lost its meaning; what it began from has not.
      for (const [id, item] of outbox.items) {
        if (!isOf(item.frame, plain)) continue;
        was = item.was;
        Object.assign(before, item.before, {[id]: item.frame.on === '1'});
        outbox.settle(id);
      }
    }
    outbox.add(frame, '', was, before);
    return true;
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest && event.target.closest(LINK);
    if (!link || event.defaultPrevented || event.button) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (act(link)) event.preventDefault();
  });

  // A link that calls itself a button does what a button does.
  document.addEventListener('keydown', (event) => {
    if (event.key !== ' ' || !event.target.matches(`${LINK}[role="button"]`)) return;
    event.preventDefault();
    if (!event.repeat) event.target.click();
  });

  // An entry is the same for everybody: what oneself has pressed stays so when its line changes.
  function keepPressed(shown, incoming) {
    for (const link of live.within(incoming, TOGGLE)) {
      if (link.dataset.toggle === 'all') continue;
      const before = live.within(shown, TOGGLE).find((each) => each.dataset.act === link.dataset.act
        && each.dataset.fields === link.dataset.fields);
      if (before) link.setAttribute('aria-pressed', before.getAttribute('aria-pressed'));
    }
  }

  const tallies = new Map(); // thing → {reaction: number}, the newest that came
  let last = '';

  function tally(root) {
    for (const {dataset} of live.within(root, '[data-tallies]')) {
      if (dataset.tallies === last) continue;
      last = dataset.tallies;
      for (const [thing, numbers] of Object.entries(parsed(last) || {})) tallies.set(thing, numbers);
      count(document);
    }
    count(root);
  }

  function count(root) {
    for (const element of live.within(root, '[data-tally]')) {
      const [thing, reaction] = element.dataset.tally.split(' ');
      if (!tallies.has(thing)) continue;
      const text = String(tallies.get(thing)[reaction] || '');
      if (element.textContent !== text) element.textContent = text;
    }
  }

  // What was fetched anew knows better.
  function forgetTallies(fresh) {
    if (!live.within(fresh, '[data-tally]').length) return;
    tallies.clear();
    last = '';
  }

  Object.assign(live, {press, keepPressed, tally, forgetTallies});
})();
