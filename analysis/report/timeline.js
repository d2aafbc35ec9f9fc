"use strict";
// The space-time diagram: only what lies within the view is drawn, as one path for each kind of message.
(() => {
  const LEFT = 56, TOP = 26, LANE = 40, MOST = 3000, NS = 1e9;
  const EPOCHS = ["#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1"];
  const KINDS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777", "#8C6BB1"];
  const FILL = { "leader, cut off": "#E69F00", "candidate": "#F0E442", "paused": "#CC79A7", "crashed": "#444444" };
  const diagrams = [];

  const element = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const seconds = (ns, digits = 6) => (ns / NS).toFixed(digits) + " s";

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  class Diagram {
    constructor(root, data) {
      this.root = root;
      this.number = root.dataset.run;
      this.data = data;
      this.svg = root.querySelector("svg");
      this.status = root.querySelector(".status");
      this.record = root.querySelector(".record");
      this.from = 0;
      this.to = Math.max(1, data.end);
      this.cursor = 0;
      this.playing = false;
      this.hidden = { nodes: new Set(), types: new Set() };
      this.sent = [];
      let at = 0, longest = 0;
      for (const gap of data.messages.gap) this.sent.push(at += gap);
      for (const took of data.messages.took) longest = Math.max(longest, took);
      this.longest = longest;
      this.filters();
      this.listen();
      new ResizeObserver(() => this.draw()).observe(this.svg);
    }

    // Controls -----------------------------------------------------------------------------------

    filters() {
      const fill = (name, labels) => {
        const field = this.root.querySelector(`[data-filter=${name}]`);
        labels.forEach((label, number) => {
          const box = document.createElement("input");
          box.type = "checkbox";
          box.checked = true;
          box.addEventListener("change", () => {
            this.hidden[name][box.checked ? "delete" : "add"](number);
            this.draw();
          });
          const line = document.createElement("label");
          line.append(box, " " + label);
          if (name === "types") line.style.borderBottom = `3px solid ${KINDS[number % KINDS.length]}`;
          field.append(line);
        });
      };
      fill("nodes", this.data.nodes);
      fill("types", this.data.messages.types);
    }

    listen() {
      const acts = {
        play: () => this.play(!this.playing), back: () => this.step(-1), next: () => this.step(1),
        in: () => this.zoom(0.5), out: () => this.zoom(2), all: () => this.show(0, this.data.end),
      };
      for (const button of this.root.querySelectorAll("button")) button.addEventListener("click", acts[button.dataset.do]);
      this.root.querySelector("[data-do=clocks]").addEventListener("change", () => this.draw());
      const keys = {
        ArrowLeft: () => this.pan(-0.2), ArrowRight: () => this.pan(0.2), "+": acts.in, "=": acts.in, "-": acts.out,
        " ": acts.play, n: acts.next, p: acts.back, Home: acts.all, Enter: () => this.pick(this.x(this.cursor), null),
      };
      this.svg.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
        event.preventDefault();
        keys[event.key]();
      });
      this.svg.addEventListener("wheel", (event) => {
        if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(event.deltaY / 300), this.time(event.offsetX));
        else if (event.deltaX) this.pan(event.deltaX / this.width);
        else return;
        event.preventDefault();
      }, { passive: false });
      this.pointers = new Map();
      this.svg.addEventListener("pointerdown", (event) => {
        this.svg.setPointerCapture(event.pointerId);
        this.pointers.set(event.pointerId, event.offsetX);
        this.moved = 0;
      });
      this.svg.addEventListener("pointermove", (event) => this.drag(event));
      const up = (event) => {
        const held = this.pointers.delete(event.pointerId);
        if (held && event.type === "pointerup" && this.moved < 5) this.pick(event.offsetX, event.offsetY);
      };
      this.svg.addEventListener("pointerup", up);
      this.svg.addEventListener("pointercancel", up);
      this.svg.addEventListener("dblclick", (event) => this.zoom(0.25, this.time(event.offsetX)));
    }

    drag(event) {
      const before = this.pointers.get(event.pointerId);
      if (before === undefined) return;
      const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
      this.pointers.set(event.pointerId, event.offsetX);
      this.moved += Math.abs(event.offsetX - before);
      if (!others.length) this.pan((before - event.offsetX) / this.width);
      else this.zoom(Math.max(5, Math.abs(before - others[0])) / Math.max(5, Math.abs(event.offsetX - others[0])), this.time(others[0]));
    }

    show(from, to) {
      const length = Math.min(Math.max(to - from, 1000), Math.max(1, this.data.end));
      this.from = Math.min(Math.max(0, from), Math.max(0, this.data.end - length));
      this.to = this.from + length;
      if (!this.due) this.due = requestAnimationFrame(() => this.draw());
    }

    pan(share) { const by = share * (this.to - this.from); this.show(this.from + by, this.to + by); }

    zoom(factor, around = this.visible(this.cursor) ? this.cursor : (this.from + this.to) / 2) {
      this.show(around - (around - this.from) * factor, around + (this.to - around) * factor);
    }

    visible(at) { return at >= this.from && at <= this.to; }

    goto(at, span) {
      this.cursor = Math.min(Math.max(0, at), this.data.end);
      const length = Math.min(span || this.to - this.from, this.data.end || 1);
      if (span || !this.visible(this.cursor)) this.show(this.cursor - length / 2, this.cursor + length / 2);
      else this.show(this.from, this.to);
    }

    step(direction) {
      const marks = this.data.marks.filter((mark) => mark[1] < 0 || !this.hidden.nodes.has(mark[1]));
      const next = direction > 0 ? marks.find((mark) => mark[0] > this.cursor) : marks.findLast((mark) => mark[0] < this.cursor);
      if (!next) return;
      this.goto(next[0]);
      this.tell(next);
    }

    play(on) {
      this.playing = on;
      const button = this.root.querySelector("[data-do=play]");
      button.textContent = on ? "Pause" : "Play";
      button.setAttribute("aria-pressed", on);
      if (!on) return this.share();
      if (this.cursor >= this.data.end) this.cursor = 0;
      if (!this.visible(this.cursor)) this.goto(this.cursor);
      let before = performance.now();
      const tick = (now) => {
        if (!this.playing) return;
        this.cursor += (now - before) / 1000 * Number(this.root.querySelector("[data-do=speed]").value) * NS;
        before = now;
        if (this.cursor >= this.data.end) { this.cursor = this.data.end; this.play(false); }
        if (this.cursor > this.to) this.pan(0.8);
        this.draw();
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    }

    share() { try { history.replaceState(null, "", `#r${this.number}-t${this.cursor / NS}`); } catch { /* a sandbox forbids it */ } }

    // Drawing ------------------------------------------------------------------------------------

    x(at) { return LEFT + (at - this.from) / (this.to - this.from) * this.width; }
    time(x) { return this.from + (x - LEFT) / this.width * (this.to - this.from); }
    y(node) { const row = this.rows.indexOf(node); return row < 0 ? null : TOP + row * LANE + LANE / 2; }

    draw() {
      this.due = 0;
      this.width = Math.max(50, this.svg.clientWidth - LEFT - 6);
      this.rows = this.data.nodes.map((_, number) => number).filter((number) => !this.hidden.nodes.has(number));
      const height = TOP + this.rows.length * LANE + 14;
      this.svg.style.height = height + "px";
      const into = document.createDocumentFragment();
      this.drawBands(into, height);
      this.drawLanes(into);
      if (this.root.querySelector("[data-do=clocks]").checked) this.drawClocks(into);
      this.drawMessages(into);
      this.drawMarks(into);
      into.append(element("line", { class: "cursor", x1: this.x(this.cursor), x2: this.x(this.cursor), y1: TOP - 8, y2: height - 12, stroke: "currentColor", "stroke-dasharray": "4 3" }));
      into.append(element("rect", { x: 0, y: 0, width: LEFT - 4, height: height, fill: "Canvas" }));
      for (const node of this.rows) into.append(element("text", { x: 2, y: this.y(node) + 4 }, this.data.nodes[node]));
      this.svg.replaceChildren(into);
      this.svg.dataset.cursor = Math.round(this.cursor);
      this.svg.dataset.from = Math.round(this.from);
      this.svg.dataset.to = Math.round(this.to);
    }

    rect(into, from, to, y, height, attributes, title) {
      if (to < this.from || from > this.to) return;
      const left = this.x(Math.max(from, this.from)), right = this.x(Math.min(to, this.to));
      const made = element("rect", { x: left, y, width: Math.max(1, right - left), height, ...attributes });
      if (title) made.append(element("title", {}, title));
      into.append(made);
    }

    drawBands(into, height) {
      for (const [from, to, about] of this.data.bands) {
        this.rect(into, from, to, TOP - 8, height - TOP, { fill: "var(--fault)", class: "fault" }, about);
        if (this.visible(from)) into.append(element("text", { x: this.x(from) + 2, y: 24 }, about.slice(0, 40)));
      }
      for (const [from, to, level, nodes] of this.data.incidents)
        this.rect(into, from, to, 14, 4, { fill: "#D55E00", class: "incident" }, `${level}: ${nodes}`);
      const span = this.to - this.from, step = 10 ** Math.floor(Math.log10(span / 4));
      const digits = Math.max(0, Math.ceil(Math.log10(NS / step)));
      const every = step * [1, 2, 5, 10].find((factor) => span / (step * factor) <= Math.max(3, this.width / 90));
      for (let at = Math.ceil(this.from / every) * every; at <= this.to; at += every)
        into.append(element("line", { x1: this.x(at), x2: this.x(at), y1: 12, y2: height - 12, stroke: "var(--lane)" }), element("text", { x: this.x(at) + 2, y: 10 }, seconds(at, digits)));
    }

    drawLanes(into) {
      for (const node of this.rows) into.append(element("line", { x1: LEFT, x2: LEFT + this.width, y1: this.y(node), y2: this.y(node), stroke: "var(--lane)", "stroke-width": 2 }));
      const known = this.data.known;
      for (const node of this.rows) {
        const heard = known.filter((each) => each[0] === node);
        heard.forEach(([, epoch, at], number) => this.rect(into, at, number + 1 < heard.length ? heard[number + 1][2] : this.data.end, this.y(node) - 1, 3, { fill: EPOCHS[epoch % EPOCHS.length], opacity: 0.7 }));
      }
      for (const [node, number, epoch, from, to] of this.data.stays) {
        const state = this.data.states[number], y = this.y(node);
        if (y === null || state === "follower" || state === "not started") continue;
        const leads = state === "leader" || state === "service leader";
        const fill = leads ? EPOCHS[epoch % EPOCHS.length] : FILL[state] || "#BBBBBB";
        const look = { fill, class: "stay", "stroke": leads ? "none" : "currentColor", "stroke-width": 0.5, opacity: state === "service leader" ? 0.6 : 1 };
        this.rect(into, from, to, y - 7, 14, look, `${this.data.nodes[node]}: ${state}${epoch ? ", epoch " + epoch : ""}, ${seconds(from)} to ${seconds(to)}`);
      }
    }

    drawClocks(into) {
      const clocks = Object.entries(this.data.clocks);
      const most = Math.max(1, ...clocks.flatMap(([, corners]) => corners.map((corner) => Math.abs(corner[1]))));
      for (const [name, corners] of clocks) {
        const y = this.y(this.data.nodes.indexOf(name));
        if (y === null) continue;
        const points = corners.map(([at, error]) => `${this.x(at)},${y - error / most * (LANE / 2 - 2)}`).join(" ");
        into.append(element("polyline", { points, fill: "none", stroke: "#8C6BB1", "stroke-width": 1.5, class: "clock" }));
        const last = corners.findLast((corner) => corner[0] <= this.cursor) || corners[0];
        const after = corners.find((corner) => corner[0] > last[0]) || last;
        const error = last[1] + (after[0] > last[0] ? (this.cursor - last[0]) / (after[0] - last[0]) * (after[1] - last[1]) : 0);
        into.append(element("text", { x: LEFT + 2, y: y + LANE / 2 - 3 }, `clock ${error >= 0 ? "+" : ""}${(error / 1e6).toFixed(3)} ms`));
      }
      if (!clocks.length) into.append(element("text", { x: LEFT + 2, y: TOP + 4 }, "no clock has an error"));
    }

    inView() {
      const { took, source, target, type } = this.data.messages, found = [];
      let low = 0, high = this.sent.length;
      while (low < high) { const middle = (low + high) >> 1; if (this.sent[middle] < this.from - this.longest) low = middle + 1; else high = middle; }
      for (let i = low; i < this.sent.length && this.sent[i] <= this.to; i++)
        if (this.sent[i] + took[i] >= this.from && !this.hidden.types.has(type[i]) && !this.hidden.nodes.has(source[i]) && !this.hidden.nodes.has(target[i])) found.push(i);
      return found;
    }

    drawMessages(into) {
      const { took, source, target, type, outcome, outcomes, types } = this.data.messages;
      const found = this.inView(), stride = Math.ceil(found.length / MOST);
      const paths = new Map();
      const add = (key, text) => { const path = paths.get(key); if (path) path.push(text); else paths.set(key, [text]); };
      this.drawn = [];
      for (let n = 0; n < found.length; n += stride) {
        const i = found[n], y1 = this.y(source[i]), y2 = this.y(target[i]), arrived = outcomes[outcome[i]] === "delivered";
        const x1 = this.x(this.sent[i]), x2 = arrived || took[i] ? this.x(this.sent[i] + took[i]) : x1 + Math.min(14, this.width / 40);
        const end = arrived ? y2 : y1 + (y2 - y1) * 0.45;
        this.drawn.push([i, x1, y1, x2, end]);
        add(`${type[i]} ${arrived}`, `M${x1.toFixed(1)} ${y1}L${x2.toFixed(1)} ${end.toFixed(1)}`);
        if (!arrived) add("lost", `M${(x2 - 3).toFixed(1)} ${end - 3}l6 6m0 -6l-6 6`);
        else if (found.length < 400) add("head", `M${x2.toFixed(1)} ${end}m-4 ${y2 > y1 ? -6 : 6}l4 ${y2 > y1 ? 6 : -6}l1 ${y2 > y1 ? -7 : 7}`);
      }
      for (const [key, parts] of paths) {
        const [kind, arrived] = key.split(" ");
        const stroke = key === "lost" ? "#D55E00" : key === "head" ? "currentColor" : KINDS[kind % KINDS.length];
        into.append(element("path", { d: parts.join(""), fill: "none", stroke, "stroke-width": key === "lost" ? 2 : 1, opacity: 0.8, class: key === "lost" ? "lost" : "messages", ...(arrived === "false" ? { "stroke-dasharray": "3 3" } : {}) }));
      }
      const some = stride > 1 ? `, every ${stride}th is drawn: zoom in for all` : "";
      const more = this.data.dropped ? `; ${this.data.dropped} more messages are not in this file` : "";
      this.status.textContent = `${seconds(this.from)} to ${seconds(this.to)}, at ${seconds(this.cursor)}: ${found.length} messages${some}${more}`;
      void types;
    }

    drawMarks(into) {
      const rows = [], { marks, nodes } = this.data;
      for (const mark of marks) {
        if (!this.visible(mark[0])) continue;
        if (rows.length < 60) rows.push(mark);
        const y = mark[1] < 0 ? 20 : this.y(mark[1]);
        if (y === null || mark[2] === "operation") continue;
        const x = this.x(mark[0]), bad = mark[2] === "violated";
        const made = element("path", { d: `M${x} ${y - 6}l5 6l-5 6l-5 -6z`, fill: bad ? "#D55E00" : "Canvas", stroke: "currentColor", class: "mark" });
        made.append(element("title", {}, `${mark[2]} ${seconds(mark[0])}`));
        into.append(made);
      }
      const table = this.root.querySelector(".events");
      if (!table.closest("details").open) return;
      table.replaceChildren(...rows.map((mark) => {
        const row = document.createElement("tr");
        for (const text of [seconds(mark[0]), nodes[mark[1]] || "", mark[2], JSON.stringify(mark[3])]) row.insertCell().textContent = text;
        return row;
      }));
    }

    // Records ------------------------------------------------------------------------------------

    pick(x, y) {
      let best = null, nearest = 12;
      for (const mark of this.data.marks) {
        if (!this.visible(mark[0])) continue;
        const at = mark[1] < 0 ? 20 : this.y(mark[1]);
        const far = Math.hypot(this.x(mark[0]) - x, y === null || at === null ? 0 : at - y);
        if (far < nearest) { nearest = far; best = () => this.tell(mark); }
      }
      for (const [i, x1, y1, x2, y2] of y === null ? [] : this.drawn) {
        const dx = x2 - x1, dy = y2 - y1, along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
        const far = Math.hypot(x1 + along * dx - x, y1 + along * dy - y);
        if (far < Math.min(nearest, 8)) { nearest = far; best = () => this.tellMessage(i); }
      }
      if (y !== null) this.cursor = Math.min(Math.max(0, this.time(x)), this.data.end);
      if (best) best();
      this.share();
      this.draw();
    }

    tell(mark) { this.record.textContent = `${mark[2]} at ${seconds(mark[0], 9)}\n${JSON.stringify(mark[3], null, 1)}`; }

    tellMessage(i) {
      const m = this.data.messages, names = this.data.nodes;
      this.record.textContent = `${m.types[m.type[i]]} from ${names[m.source[i]]} to ${names[m.target[i]]}, ${m.outcomes[m.outcome[i]]}\n` +
        `sent ${seconds(this.sent[i], 9)}, took ${(m.took[i] / 1e6).toFixed(6)} ms\n${JSON.stringify(m.fields[i], null, 1)}`;
    }
  }

  // Links: #r0-t10.25 is 10.25 s in the diagram of run 0.
  const land = () => {
    const match = /^#r(\d+)-t([\d.]+)$/.exec(location.hash);
    const diagram = match && diagrams.find((each) => each.number === match[1]);
    if (!diagram) return;
    diagram.goto(Number(match[2]) * NS, Math.min(NS, diagram.data.end));
    diagram.root.scrollIntoView({ block: "center" });
    diagram.svg.focus({ preventScroll: true });
  };

  const begin = async () => {
    for (const root of document.querySelectorAll(".diagram")) {
      try {
        diagrams.push(new Diagram(root, await unpack(root.querySelector(".data").textContent)));
      } catch (error) {
        root.querySelector(".status").textContent = `This browser cannot show the diagram: ${error.message}`;
      }
    }
    diagrams.forEach((diagram) => diagram.draw());
    addEventListener("hashchange", land);
    land();
    document.documentElement.dataset.ready = "true";
  };
  begin();
})();
