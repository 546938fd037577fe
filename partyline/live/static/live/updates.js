// What changes by itself can be paused (WCAG 2.2.2), and says how old it is.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  const MOST = 500; // pieces kept of a stream; past that, its part of the page is fetched instead
  const arrivals = new Map(); // when it was drawn, as the server has it → when it came, by our own clock

  // What came for one stream while the page was paused, in its order.
  class Kept {
    constructor() {
      this.pieces = []; // {html, seq} of an entry, {html, state} of a state
      this.over = false; // it was too much
    }

    add(piece) {
      if (this.over) return;
      // Of a state only the last one counts.
      if (piece.state) this.pieces = this.pieces.filter((each) => each.state !== piece.state);
      this.pieces.push({...piece, arrived: Date.now()});
      if (this.pieces.length > MOST) this.giveUp();
    }

    giveUp() {
      this.pieces = [];
      this.over = true;
    }

    // The cursor stands at `seq` now: what is behind it comes again, and so do the states.
    rewind(seq) {
      this.pieces = this.pieces.filter((piece) => piece.seq <= seq);
      if (seq < 0) this.over = false;
    }

    get entries() {
      return this.over ? Infinity : this.pieces.filter((piece) => piece.seq).length;
    }
  }

  function pause(on) {
    live.paused = on;
    if (!on && live.socket) live.socket.streams.goOn();
    drawPause();
    drawAges();
  }

  function drawPause() {
    const waiting = live.paused && live.socket ? live.socket.streams.waiting : 0;
    const many = waiting > 1 ? `${waiting === Infinity ? 'many' : waiting} updates wait` : '1 update waits';
    for (const button of document.querySelectorAll('[data-pause]')) {
      button.dataset.pause = button.dataset.pause || button.textContent.trim(); // its words, for later
      const text = live.paused ? `Resume${waiting ? `, ${many}` : ''}` : button.dataset.pause;
      button.toggleAttribute('data-paused', live.paused);
      if (button.textContent !== text) button.textContent = text;
    }
  }

  document.addEventListener('click', ({target}) => {
    if (target.closest && target.closest('[data-pause]')) pause(!live.paused);
  });

  function span(seconds) {
    if (seconds < 120) return `${seconds} s`;
    return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
  }

  // Say how old it is; true if that is too old.
  function age(element) {
    const time = element.querySelector('time');
    if (time) element.dataset.at = time.dateTime;
    const {at, updated} = element.dataset;
    if (!at) return false;
    if (!arrivals.has(at)) arrivals.set(at, live.arrived || Date.now());
    const seconds = Math.max(0, Math.floor((Date.now() - arrivals.get(at)) / 1000));
    const paused = live.paused && element.closest('[data-pausable]');
    const late = !paused && seconds > Number(updated);
    let words = late ? `No news for ${span(seconds)}` : `Updated ${span(seconds)} ago`;
    if (paused) words = 'Paused';
    if (element.textContent !== words) element.textContent = words;
    return late;
  }

  function drawAges() {
    const elements = [...document.querySelectorAll('[data-updated]')];
    const shown = new Set(elements.map((element) => element.dataset.at));
    for (const at of arrivals.keys()) if (!shown.has(at)) arrivals.delete(at);
    const late = elements.filter(age);
    for (const box of document.querySelectorAll('[data-live]')) {
      box.classList.toggle('late', late.some((each) => each.closest('[data-live]') === box));
    }
  }

  setInterval(drawAges, 1000);
  Object.assign(live, {Kept, paused: false, pause, drawPause, drawAges, age});
})();
