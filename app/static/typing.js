// What helps while somebody types. Every page works without it.
for (const field of document.querySelectorAll("[data-max-characters]")) {
  const told = document.getElementById(`${field.id}-left`);
  field.addEventListener("input", () => {
    // Counted as the site counts: characters as Unicode composes them, without spaces around.
    const left = field.dataset.maxCharacters - [...field.value.normalize("NFC").trim()].length;
    const count = Math.abs(left);
    told.textContent = `${count} character${count === 1 ? "" : "s"} ${left < 0 ? "too many" : "left"}`;
    // Read aloud only where it begins to matter.
    told.ariaLive = left <= 20 ? "polite" : "off";
  });
}

for (const button of document.querySelectorAll("[data-shows]")) {
  const field = document.getElementById(button.dataset.shows);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide password" : "Show password";
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    show(field.type === "password");
    field.focus();
  });
  // A browser may keep what stood in a field of text.
  field.form.addEventListener("submit", () => show(false));
}
