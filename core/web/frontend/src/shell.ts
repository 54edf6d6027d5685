/** The shell island: menus of the bar close as people expect; without it they still open and close. */

const opened = (): NodeListOf<HTMLDetailsElement> => document.querySelectorAll("details.pick[open]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of opened()) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of opened()) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
});
