/** The columns our API gives, and their turning into GeoJSON for the canvas. */

import type { Feature, FeatureCollection, Geometry, Position } from "geojson";

export interface Homes {
  name: string;
  english?: string;
  lon: number[];
  lat: number[];
  people: number[];
  minutes: (number | null)[];
}

export interface Outlets {
  lon: number[];
  lat: number[];
  name: string[];
}

export interface Gaps {
  rank: number[];
  lon: number[];
  lat: number[];
  people: number[];
  worst_minutes: (number | null)[];
  outline?: (Position[] | null)[];
}

export interface Streets {
  lon: number[];
  lat: number[];
  u: number[];
  v: number[];
  rank?: number[];
}

export interface Home {
  people: number;
  nearest: { key: string; name: string; english?: string; minutes: number | null }[];
}

export const UNREACHED = 9999; // a paint expression compares numbers: no answer counts as farthest

export const collection = (features: Feature[] = []): FeatureCollection => ({ type: "FeatureCollection", features });

const feature = (geometry: Geometry, properties: Record<string, unknown>): Feature => ({
  type: "Feature",
  geometry,
  properties,
});

const point = (lon: number[], lat: number[], row: number): Geometry => ({
  type: "Point",
  coordinates: [lon[row] ?? 0, lat[row] ?? 0],
});

export function homePoints(homes: Homes): FeatureCollection {
  return collection(
    homes.lon.map((_, row) =>
      feature(point(homes.lon, homes.lat, row), {
        row,
        people: homes.people[row] ?? 0,
        minutes: homes.minutes[row] ?? UNREACHED,
      }),
    ),
  );
}

export function outletPoints(outlets: Outlets): FeatureCollection {
  return collection(
    outlets.lon.map((_, row) => feature(point(outlets.lon, outlets.lat, row), { name: outlets.name[row] ?? "" })),
  );
}

/** Each gap as a point, and as its outline where the server drew one. */
export function gapShapes(gaps: Gaps): FeatureCollection {
  const features: Feature[] = [];
  gaps.lon.forEach((_, row) => {
    const properties = {
      rank: gaps.rank[row] ?? row + 1,
      people: gaps.people[row] ?? 0,
      worst: gaps.worst_minutes[row] ?? null,
    };
    const ring = gaps.outline?.[row];
    if (ring) features.push(feature({ type: "Polygon", coordinates: [ring] }, properties));
    features.push(feature(point(gaps.lon, gaps.lat, row), { ...properties, outlined: Boolean(ring) }));
  });
  return collection(features);
}

/** Streets as one bundle of lines a rank, so that a city costs four features and not 100,000. */
export function streetLines(streets: Streets): FeatureCollection {
  const bundles = new Map<number, Position[][]>();
  streets.u.forEach((from, row) => {
    const to = streets.v[row] ?? from;
    const rank = streets.rank?.[row] ?? 0;
    const lines = bundles.get(rank) ?? [];
    lines.push([
      [streets.lon[from] ?? 0, streets.lat[from] ?? 0],
      [streets.lon[to] ?? 0, streets.lat[to] ?? 0],
    ]);
    bundles.set(rank, lines);
  });
  return collection(
    [...bundles].map(([rank, coordinates]) => feature({ type: "MultiLineString", coordinates }, { rank })),
  );
}

/** West, south, east, north of some coordinates; null when there are none. */
export function bounds(lon: readonly number[], lat: readonly number[]): [number, number, number, number] | null {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  lon.forEach((x, row) => {
    const y = lat[row] ?? 0;
    west = Math.min(west, x);
    east = Math.max(east, x);
    south = Math.min(south, y);
    north = Math.max(north, y);
  });
  return west <= east ? [west, south, east, north] : null;
}

/** Nearly the largest value, so that one huge compound does not shrink all others to dust. */
export function nearlyLargest(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? 1;
}
