/** People of each gap as HTML over the canvas: sharp, selectable, never on top of one another. */

import { type Map as Canvas, Marker } from "maplibre-gl";
import type { Gaps } from "./shapes";
import { count, words } from "./words";

const MOST = 24; // labels at once; the list beside the map holds all
const [WIDE, HIGH] = [92, 24]; // pixels that a label takes

interface Label {
  at: [number, number];
  people: number;
  marker: Marker;
}

export class GapLabels {
  private labels: Label[] = [];
  private on = true;

  constructor(private readonly canvas: Canvas) {
    canvas.on("moveend", () => this.place());
  }

  show(gaps: Gaps): void {
    for (const { marker } of this.labels) marker.remove();
    this.labels = gaps.people
      .map((people, row) => ({
        at: [gaps.lon[row] ?? 0, gaps.lat[row] ?? 0] as [number, number],
        people,
        marker: new Marker({ element: element(people), anchor: "center" }),
      }))
      .sort((a, b) => b.people - a.people);
    this.place();
  }

  visible(on: boolean): void {
    this.on = on;
    this.place();
  }

  /** The largest first; a label that would touch one already set, or lies outside the view, is left out. */
  private place(): void {
    const { clientWidth, clientHeight } = this.canvas.getContainer();
    const set: { x: number; y: number }[] = [];
    for (const { at, marker } of this.labels) {
      const { x, y } = this.canvas.project(at);
      const inside = x > 0 && y > 0 && x < clientWidth && y < clientHeight;
      const free = set.every((other) => Math.abs(other.x - x) > WIDE || Math.abs(other.y - y) > HIGH);
      if (this.on && inside && free && set.length < MOST) {
        set.push({ x, y });
        marker.setLngLat(at).addTo(this.canvas);
      } else {
        marker.remove();
      }
    }
  }
}

function element(people: number): HTMLElement {
  const label = document.createElement("span");
  label.className = "map__label map__label--lack";
  label.textContent = words.people(count(people));
  return label;
}
