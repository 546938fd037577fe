// The page's streams: one cursor each, kept here and nowhere else. Next number → show it; older →
// drop it; a hole → ask again from the cursor; a reset → fetch that part of the page anew.
// While the page is paused, what comes for its pausable streams is kept, and shown when it goes on.
// `wire`: {ask(frame, link), swap(html, arrived), said(client_id), isOurs(client_id), goOn(), kept(),
// replace(old, fresh), replaced(), changed()}.
(function () {
  'use strict';
  const live = window.partyline = window.partyline || {};

  // Milliseconds.
  const ASKED = 5000; // so long we wait for the answer to a resume, before a hole makes us ask again
  const BETWEEN = 500; // and so long at least lies between two of them
  const FETCH = 15000;

  class Gone extends Error {}

  class Streams {
    constructor(wire) {
      this.wire = wire;
      this.known = new Map();
    }

    get refused() {
      return [...this.known.values()].some((stream) => stream.refused);
    }

    // Compare with the page: resume what it gained (or shows anew, from an older head), leave what it lost.
    scan() {
      const found = new Map();
      for (const element of document.querySelectorAll('[data-stream]')) {
        const key = element.dataset.stream;
        found.set(key, (found.get(key) || []).concat(element));
      }
      const lost = [...this.known.keys()].filter((key) => !found.has(key));
      for (const key of lost) {
        clearTimeout(this.known.get(key).timer);
        this.known.delete(key);
      }
      const gained = [...found].filter(([key, elements]) => this.adopt(key, elements)).map(([key]) => key);
      if (lost.length) this.wire.ask({type: 'leave', streams: lost});
      if (gained.length) this.resume(gained);
      if (lost.length || gained.length) this.wire.kept();
    }

    // Take the cursor from elements that are new on the page; false if there is none.
    adopt(key, elements) {
      let stream = this.known.get(key);
      const fresh = stream ? elements.filter((each) => !stream.elements.includes(each)) : elements;
      if (stream) stream.elements = elements;
      if (!fresh.length) return false;
      if (!stream) {
        stream = {key, elements, epoch: '', seq: 0, hole: 0, asked: 0, versions: new Map(), timer: 0, resets: 0};
        stream.kept = new live.Kept();
        this.known.set(key, stream);
      }
      const oldest = fresh.reduce((a, b) => (Number(b.dataset.head) < Number(a.dataset.head) ? b : a));
      const epoch = oldest.dataset.epoch || '';
      const head = Number(oldest.dataset.head) || 0;
      const also = fresh.length < elements.length && !stream.resetting && epoch === stream.epoch;
      stream.seq = also ? Math.min(head, stream.seq) : head; // what comes twice changes nothing
      stream.kept.rewind(also ? stream.seq : -1);
      stream.epoch = epoch;
      stream.hole = 0;
      stream.resetting = false;
      stream.versions.clear();
      return true;
    }

    hello() {
      this.scan();
      return this.frame([...this.known.values()].filter((stream) => !stream.resetting));
    }

    // One small question that every live socket answers.
    probe() {
      const stream = [...this.known.values()].find((each) => !each.resetting && !each.refused);
      return stream && this.frame([stream]);
    }

    frame(streams) {
      const positions = {};
      for (const stream of streams) {
        stream.asked = Date.now();
        stream.asking = true;
        positions[stream.key] = {epoch: stream.epoch, seq: stream.seq};
      }
      return {type: 'resume', streams: positions};
    }

    resume(keys, link) {
      this.wire.ask(this.frame(keys.map((key) => this.known.get(key))), link);
    }

    take(frame, link) {
      const stream = this.known.get(frame.stream);
      if (!stream) return;
      if (Number.isInteger(frame.seq)) this.entry(stream, frame, link);
      else if (frame.state !== undefined) this.state(stream, frame);
      else if (frame.resumed) this.resumed(stream, frame.resumed, link);
      else if (frame.reset) this.reset(stream);
      else if (frame.refused) this.refuse(stream, frame.refused);
    }

    entry(stream, {seq, html, client_id: said}, link) {
      // Who does something wants to see it.
      if (said && this.isPaused(stream) && this.wire.isOurs(said)) this.wire.goOn();
      if (stream.resetting) return;
      // Without an epoch we have no position yet: the first entry makes one.
      if (stream.epoch && seq > stream.seq + 1) return this.missing(stream, seq, link);
      if (said) this.wire.said(said); // first: the pending line makes room for its entry
      if (seq <= stream.seq) return;
      stream.seq = seq;
      this.show(stream, {html, seq});
    }

    state(stream, {state, v, html}) {
      if (stream.versions.has(state) && v <= stream.versions.get(state)) return;
      stream.versions.set(state, v);
      this.show(stream, {html, state});
    }

    // An entry that cannot be shown must not be a gap that nobody sees.
    show(stream, piece) {
      if (!piece.html) return;
      if (this.isPaused(stream)) return this.keep(stream, piece);
      try {
        this.wire.swap(String(piece.html), piece.arrived);
      } catch (error) {
        console.error(error);
        this.reset(stream);
      }
    }

    isPaused(stream) {
      return live.paused && stream.elements.some((element) => element.matches('[data-pausable]'));
    }

    // Without a piece: what the page shows cannot be continued.
    keep(stream, piece) {
      if (piece) stream.kept.add(piece);
      else stream.kept.giveUp();
      this.wire.kept();
    }

    // How many entries are kept; Infinity: too many.
    get waiting() {
      return [...this.known.values()].reduce((sum, {kept}) => sum + kept.entries, 0);
    }

    // The page is no longer paused.
    goOn() {
      for (const stream of this.known.values()) {
        const {kept} = stream;
        stream.kept = new live.Kept();
        kept.pieces.forEach((piece) => this.show(stream, piece));
        if (!kept.over) continue;
        clearTimeout(stream.timer);
        stream.resetting = true;
        this.reload(stream, 1);
      }
    }

    resumed(stream, {epoch, head}, link) {
      stream.asking = false;
      if (stream.resetting) return;
      clearTimeout(stream.timer);
      stream.timer = stream.resets = 0;
      this.mark(stream, '');
      if (!stream.epoch) {
        stream.epoch = epoch;
        stream.seq = Math.max(stream.seq, head);
      } else if (epoch !== stream.epoch) this.reset(stream);
      else if (head > stream.seq) this.missing(stream, head, link);
    }

    // Ask once, not once per frame behind the hole; and again, should the answer never come.
    missing(stream, seq, link) {
      stream.hole = Math.max(stream.hole, seq);
      if (stream.timer) return;
      const wait = (stream.asking ? ASKED : BETWEEN) - (Date.now() - stream.asked);
      if (wait <= 0) return this.resume([stream.key], link);
      stream.timer = setTimeout(() => {
        stream.timer = 0;
        if (!stream.resetting && stream.seq < stream.hole) this.resume([stream.key]);
      }, wait);
    }

    refuse(stream, why) {
      stream.asking = false;
      this.mark(stream, why);
    }

    mark(stream, why) {
      if (!why && !stream.refused) return;
      stream.refused = why;
      for (const element of stream.elements) {
        if (why) element.dataset.refused = why;
        else delete element.dataset.refused;
      }
      this.wire.changed();
    }

    reset(stream) {
      stream.asking = false;
      if (stream.resetting) return;
      stream.resetting = true;
      this.mark(stream, '');
      clearTimeout(stream.timer);
      // It comes to everybody at once: fetch at a random moment.
      stream.timer = setTimeout(() => this.reload(stream, 1), live.backoff(stream.resets++));
    }

    // The fragment's epoch and head become the cursor: scan() sees that the element is a new one.
    async reload(stream, tries) {
      stream.timer = 0;
      if (this.isPaused(stream)) return this.keep(stream);
      try {
        const pairs = await Promise.all(stream.elements.map(async (old) => [old, await this.part(old)]));
        if (this.known.get(stream.key) !== stream) return;
        if (this.isPaused(stream)) return this.keep(stream);
        pairs.forEach(([old, fresh]) => old.isConnected && this.wire.replace(old, fresh));
        this.scan();
        this.wire.replaced();
      } catch (error) {
        if (this.known.get(stream.key) !== stream) return;
        if (error instanceof Gone) return this.refuse(stream, error.message);
        stream.timer = setTimeout(() => this.reload(stream, tries + 1), live.backoff(tries));
      }
    }

    async part(element) {
      const address = element.dataset.fragment;
      if (!address) throw new Gone('no_fragment');
      const signal = AbortSignal.timeout && AbortSignal.timeout(FETCH);
      const answer = await fetch(address, {credentials: 'same-origin', cache: 'no-store', signal});
      if ([401, 403, 404, 410].includes(answer.status)) throw new Gone('not_allowed');
      if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
      const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = parsed.querySelector(`[data-stream="${CSS.escape(element.dataset.stream)}"]`);
      if (!fresh) throw new Gone('not_allowed'); // sent elsewhere, to sign in perhaps
      return fresh;
    }
  }

  live.Streams = Streams;
})();
