/** The map's style, made from the page's tokens: no server, no glyphs, no sprites. */

import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import { collection } from "./shapes";

const token = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export const CUTS = [5, 10, 15, 20, 30] as const; // minutes; the legend prints the same limits

/** Area in proportion to people: the radius grows with the square root, doubling about each zoom and a half. */
export function areaOfPeople(nearlyLargest: number): ExpressionSpecification {
  const full = 8 / Math.sqrt(Math.max(nearlyLargest, 1)); // pixels per root of a person at zoom 15.5
  const at = (share: number): ExpressionSpecification => ["*", full * share, ["sqrt", ["get", "people"]]];
  return ["interpolate", ["exponential", 1.6], ["zoom"], 9, at(0.1), 12, at(0.26), 15.5, at(1), 19, at(2.6)];
}

export function mapStyle(): StyleSpecification {
  const empty = { type: "geojson" as const, data: collection() };
  return {
    version: 8,
    sources: { areas: empty, streets: empty, homes: empty, gaps: empty, outlets: empty },
    layers: [
      { id: "land", type: "background", paint: { "background-color": token("map-land") } },
      {
        id: "areas-inside",
        type: "fill",
        source: "areas",
        filter: ["==", ["get", "kind"], "boundary"],
        paint: { "fill-color": token("map-land") },
      },
      {
        id: "streets",
        type: "line",
        source: "streets",
        layout: { "line-cap": "round", "line-sort-key": ["get", "rank"] },
        paint: {
          "line-color": [
            "match", ["get", "rank"], 3, token("map-street-3"), 2, token("map-street-2"), token("map-street"),
          ],
          "line-width": [
            "interpolate", ["linear"], ["zoom"],
            11, ["match", ["get", "rank"], 3, 1.2, 2, 0.8, 0.35],
            16, ["match", ["get", "rank"], 3, 4, 2, 2.6, 1.4],
          ],
        },
      },
      {
        id: "areas",
        type: "line",
        source: "areas",
        paint: {
          "line-color": token("ink"),
          "line-width": ["match", ["get", "kind"], "boundary", 1.4, "circle", 1.2, 0.7],
          "line-opacity": ["match", ["get", "kind"], "boundary", 0.7, "circle", 0.9, 0.5],
        },
      },
      {
        id: "homes",
        type: "circle",
        source: "homes",
        layout: { "circle-sort-key": ["-", ["get", "people"]] },
        paint: {
          "circle-color": [
            "step", ["get", "minutes"], token("min-1"),
            ...CUTS.flatMap((cut, i) => [cut + 0.001, token(`min-${i + 2}`)]),
          ] as unknown as ExpressionSpecification,
          "circle-opacity": 0.92,
          "circle-stroke-color": token("ink-3"),
          "circle-stroke-width": 0.3,
        },
      },
      {
        id: "gaps-fill",
        type: "fill",
        source: "gaps",
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": token("lack"), "fill-opacity": 0.08 },
      },
      {
        id: "gaps-line",
        type: "line",
        source: "gaps",
        filter: ["==", ["geometry-type"], "Polygon"],
        layout: { "line-join": "round" },
        paint: { "line-color": token("lack"), "line-width": 2, "line-dasharray": [3, 1.6] },
      },
      {
        id: "gaps-point",
        type: "circle",
        source: "gaps",
        filter: ["all", ["==", ["geometry-type"], "Point"], ["!", ["get", "outlined"]]],
        paint: {
          "circle-color": token("lack"),
          "circle-opacity": 0.08,
          "circle-stroke-color": token("lack"),
          "circle-stroke-width": 2,
        },
      },
      {
        id: "outlets",
        type: "circle",
        source: "outlets",
        paint: {
          "circle-color": token("surface"),
          "circle-stroke-color": token("ink"),
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 2.4, 15, 5.5],
          "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 11, 1.4, 15, 2.4],
        },
      },
    ],
  };
}

/** Once the boundary is known, what lies outside is toned down. */
export const outside = (): string => token("map-out");
