// What the tests ask of a page that is open in Chromium; accessibility.py puts it there.
const inspection = {
  named(e) {
    const classes = [...e.classList].map(name => "." + name).join("");
    const words = (e.textContent || e.name || "").trim().slice(0, 30);
    return `${e.tagName.toLowerCase()}${e.id && "#" + e.id}${classes} “${words}”`;
  },

  // Fill in the first form with these fields (and the button), and send it.
  send(typed, button, action) {
    const form = [...document.forms].find(form =>
      Object.keys(typed).every(name => form.elements[name])
      && (!button || [...form.elements].some(e => e.textContent.trim() == button)));
    for (const name in typed) form.elements[name].value = typed[name];
    if (action) form.action = action;
    if (button) [...form.elements].find(e => e.textContent.trim() == button).click();
    else form.submit();
  },

  violations(found) {
    return found.violations.flatMap(rule => rule.nodes.map(node => {
      const checks = [...node.any, ...node.all, ...node.none];
      return `${rule.id} at ${node.target.join(" ")}: ${checks[0]?.message ?? rule.help}`;
    }));
  },

  // All rules of axe-core but the one below.
  async rules() {
    const rules = { "color-contrast": { enabled: false } };
    return this.violations(await axe.run(document, { resultTypes: ["violations"], rules }));
  },

  // The rule of contrast takes longest by far, and would say of each post what it said of the
  // first. It depends on what an element and those around it look like: each look is tried
  // once, on whichever page it is met.
  async contrast() {
    const looks = new Map();
    const look = e => {
      if (!e) return "";
      if (!looks.has(e)) {
        const s = getComputedStyle(e);
        looks.set(e, look(e.parentElement) + [
          s.color, s.backgroundColor, s.backgroundImage, s.opacity, s.fontSize, s.fontWeight,
          s.position, s.filter, s.textShadow,
        ].join());
      }
      return looks.get(e);
    };
    const hasText = e => e.matches("input, textarea, select")
      || [...e.childNodes].some(node => node.nodeType == Node.TEXT_NODE && node.data.trim());
    const known = new Set(JSON.parse(sessionStorage.looks ?? "[]")), include = [];
    for (const e of document.body.querySelectorAll("*")) {
      if (!hasText(e) || !e.checkVisibility() || known.has(look(e))) continue;
      known.add(look(e));
      include.push(e);
    }
    if (!include.length) return [];
    sessionStorage.looks = JSON.stringify([...known]);
    const runOnly = { type: "rule", values: ["color-contrast"] };
    return this.violations(await axe.run({ include }, { resultTypes: ["violations"], runOnly }));
  },

  // The size of text, and what makes the page wider than the window.
  overflow() {
    const page = document.scrollingElement, width = page.clientWidth;
    const wide = [...document.body.querySelectorAll("*")].filter(e => {
      const box = e.getBoundingClientRect();
      // What is moved out on the left cannot be scrolled to.
      return box.left >= 0 && box.right > width + 1;
    });
    return {
      text: getComputedStyle(document.documentElement).fontSize,
      wide: page.scrollWidth > width ? wide.map(this.named).concat("the page") : [],
    };
  },

  // Begin to note, in `focused`, each element that gets the focus: its number among all that
  // can have it, its place, and whether it then looks different.
  watchFocus() {
    const first = document.activeElement, wrong = document.querySelector("[aria-invalid=true]");
    const startsRight = !wrong || first === wrong || !!first.querySelector(`a[href="#${wrong.id}"]`);
    // The next Tab starts from the top, wherever the page has put the focus.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    const all = [...document.querySelectorAll(
      "a[href], button, input, select, textarea, summary, [tabindex]",
    )].filter(e => e.tabIndex >= 0 && !e.disabled && e.type != "hidden"
      && e.checkVisibility({ visibilityProperty: true }));
    const look = e => {
      const s = getComputedStyle(e);
      const outline = s.outlineStyle == "none" ? "" : s.outlineWidth + s.outlineColor;
      return [outline, s.boxShadow, s.backgroundColor, s.borderColor].join();
    };
    const usual = all.map(look);
    this.focused = [];
    document.addEventListener("focusin", ({ target }) => {
      // A link that goes on in the next line stands where it begins.
      const number = all.indexOf(target), box = target.getClientRects()[0];
      this.focused.push({
        number,
        name: this.named(target),
        differs: look(target) != usual[number] && box.width > 1 && box.height > 1,
        top: box.top + scrollY,
        bottom: box.bottom + scrollY,
        left: box.left,
        right: box.right,
      });
    });
    return { count: all.length, startsRight };
  },
};
