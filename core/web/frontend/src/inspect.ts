/** What a popup says about a home, an outlet or a gap. */

import type { MapGeoJSONFeature } from "maplibre-gl";
import { json } from "./fetching";
import { type Home, UNREACHED } from "./shapes";
import { count, oneDecimal, spoken, words } from "./words";

export type Inspected = MapGeoJSONFeature;

/** Describe what was hit; `grown` is called when more has come into the description later. */
export function describe(
  hit: Inspected,
  formatName: string,
  homeUrl: string | undefined,
  grown: () => void,
): HTMLElement {
  const box = document.createElement("div");
  box.className = "map__popup";
  const { people, minutes, row, name, rank, worst } = hit.properties as Record<string, unknown>;
  if (hit.layer.id === "outlets") {
    box.append(line("strong", String(name || formatName)));
    if (name) box.append(line("span", formatName));
  } else if (hit.layer.id === "homes") {
    box.append(
      line("strong", words.home(count(Number(people)))),
      line("span", `${words.nearest(formatName)}：${walk(Number(minutes))}`),
    );
    if (homeUrl) void nearest(box, `${homeUrl.replace(/\/$/, "")}/${String(row)}`, grown);
  } else {
    box.append(
      line("strong", `${words.gap(String(rank))}：${words.people(count(Number(people)))}`),
      ...(typeof worst === "number" ? [line("span", words.worst(oneDecimal(worst)))] : []),
    );
  }
  return box;
}

/** The map's twin for one home: every format with its nearest minutes. */
async function nearest(box: HTMLElement, url: string, grown: () => void): Promise<void> {
  let home: Home;
  try {
    home = await json<Home>(url);
  } catch {
    return; // the popup already says the chosen format's minutes
  }
  const table = document.createElement("table");
  table.className = "table table--bare";
  for (const each of home.nearest) {
    const row = table.insertRow();
    row.insertCell().textContent = spoken(each);
    const cell = row.insertCell();
    cell.className = "num end";
    cell.textContent = walk(each.minutes);
  }
  box.append(table);
  grown();
}

const walk = (minutes: number | null): string =>
  minutes === null || minutes >= UNREACHED ? words.beyond : words.minutes(oneDecimal(minutes));

function line(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
