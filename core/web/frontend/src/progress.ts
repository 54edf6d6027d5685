/** The progress island: keeps the stages that the server drew up to date, and reloads at the end. */

import { Refused, json } from "./fetching";
import { oneDecimal, words } from "./words";

interface Progress {
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  percent: number;
  message: string;
  stages: { key: string; state: "done" | "now" | "wait"; seconds: number | null; note: string }[];
}

const UNDER_WAY = new Set(["queued", "running"]);
const [SOON, LATER, HIDDEN] = [1000, 4000, 10000]; // milliseconds till the next question

async function follow(root: HTMLElement, url: string): Promise<void> {
  for (let wait = SOON; ; ) {
    await new Promise((resolve) => setTimeout(resolve, document.hidden ? HIDDEN : wait));
    try {
      const progress = await json<Progress>(url);
      if (!UNDER_WAY.has(progress.state)) {
        location.reload();
        return;
      }
      draw(root, progress);
      wait = SOON;
    } catch (reason) {
      tell(root, (reason instanceof Refused && reason.message) || words.stalled);
      wait = LATER;
    }
  }
}

function draw(root: HTMLElement, progress: Progress): void {
  for (const stage of progress.stages) {
    const row = root.querySelector<HTMLElement>(`[data-stage="${CSS.escape(stage.key)}"]`);
    if (!row) continue;
    row.className = `stage stage--${stage.state}`;
    if (stage.state === "now") row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
    const note = row.querySelector("[data-note]");
    if (note) note.textContent = stage.note || (stage.seconds === null ? "" : words.seconds(oneDecimal(stage.seconds)));
  }
  const bar = root.querySelector<HTMLProgressElement>("progress");
  if (bar) bar.value = progress.percent;
  const percent = root.querySelector("[data-percent]");
  if (percent) percent.textContent = `${Math.round(progress.percent)}%`;
  tell(root, progress.message);
}

/** Written only when it changes, so that a screen reader is not made to repeat itself. */
function tell(root: HTMLElement, sentence: string): void {
  const say = root.querySelector("[data-say]");
  if (say && sentence && say.textContent !== sentence) say.textContent = sentence;
}

for (const root of document.querySelectorAll<HTMLElement>("[data-progress]")) {
  const { url } = root.dataset;
  if (url) void follow(root, url);
}
