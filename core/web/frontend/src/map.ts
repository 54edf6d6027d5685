/** The map island: draws what the `data-*` addresses on `[data-map]` give, and nothing from elsewhere. */

import {
  type GeoJSONSource,
  Map as Canvas,
  NavigationControl,
  Popup,
  ScaleControl,
  getVersion,
  setWorkerUrl,
} from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import { Refused, json, withFormat } from "./fetching";
import { GapLabels } from "./labels";
import { type Inspected, describe } from "./inspect";
import {
  type Gaps,
  type Homes,
  type Outlets,
  type Streets,
  bounds,
  collection,
  gapShapes,
  homePoints,
  nearlyLargest,
  outletPoints,
  streetLines,
} from "./shapes";
import { areaOfPeople, mapStyle, outside } from "./style";
import { spoken, words } from "./words";

setWorkerUrl(new URL(`./map-worker.js?v=${getVersion()}`, import.meta.url).href);

type Layer = keyof typeof words.layers;
type Box = [number, number, number, number];

const LAYERS: Record<Layer, string[]> = {
  areas: ["areas", "areas-inside"],
  streets: ["streets"],
  homes: ["homes"],
  gaps: ["gaps-fill", "gaps-line", "gaps-point"],
  outlets: ["outlets"],
};

class MapIsland {
  private readonly canvas: Canvas;
  private readonly say: HTMLElement | null;
  private readonly labels: GapLabels;
  private readonly lost = new Map<Layer, string>();
  private popup: Popup | null = null;
  private asked = new AbortController();
  private whole: Box | null = null;
  private formatName = "";

  constructor(private readonly root: HTMLElement) {
    this.say = root.querySelector("[data-map-say]");
    const container = root.querySelector<HTMLElement>("[data-map-canvas]");
    if (!container) throw new Error("[data-map] holds no [data-map-canvas]");
    this.canvas = new Canvas({
      container,
      style: mapStyle(),
      center: [105, 35],
      zoom: 3,
      attributionControl: false, // the page prints the sources beside the map
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      locale: {
        "Map.Title": words.controls.map,
        "NavigationControl.ZoomIn": words.controls.in,
        "NavigationControl.ZoomOut": words.controls.out,
        "ScaleControl.Meters": words.controls.metres,
        "ScaleControl.Kilometers": words.controls.kilometres,
      },
    });
    this.canvas.touchZoomRotate.disableRotation();
    this.canvas.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.canvas.addControl({ onAdd: () => this.wholeButton(), onRemove: () => undefined }, "top-right");
    this.canvas.addControl(new ScaleControl({ maxWidth: 130 }), "bottom-right");
    this.labels = new GapLabels(this.canvas);
    this.canvas.on("load", () => void this.begin());
  }

  private async begin(): Promise<void> {
    this.listen();
    const select = document.querySelector<HTMLSelectElement>("select[data-map-format]");
    select?.addEventListener("change", () => {
      this.name(select.selectedOptions[0]?.dataset.name ?? "");
      void this.show(select.value);
    });
    for (const box of document.querySelectorAll<HTMLInputElement>("input[data-map-layer]")) {
      box.addEventListener("change", () => this.toggle(box));
      this.toggle(box);
    }
    await Promise.all([this.ground(), this.show(select?.value ?? this.root.dataset.format ?? "")]);
    this.canvas.once("idle", () => (this.root.dataset.ready = "")); // tests and pictures wait for it
  }

  /** What does not depend on the format: boundaries and streets. */
  private async ground(): Promise<void> {
    await Promise.all([
      this.load<FeatureCollection>("areas", this.root.dataset.areas, (areas) => {
        if (areas.features.some((area) => area.properties?.kind === "boundary")) {
          this.canvas.setPaintProperty("land", "background-color", outside());
        }
        return areas;
      }),
      this.load<Streets>("streets", this.root.dataset.streets, streetLines),
    ]);
  }

  /** Ask for one format's homes, outlets and gaps; an earlier question still under way is dropped. */
  private async show(format: string): Promise<void> {
    this.asked.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    const of = (url?: string): string | undefined => (url ? withFormat(url, format) : undefined);
    this.popup?.remove();
    this.root.setAttribute("aria-busy", "true");
    this.tell(words.loading);
    await Promise.all([
      this.load<Homes>("homes", of(this.root.dataset.homes), (homes) => this.drawHomes(homes), signal),
      this.load<Outlets>("outlets", of(this.root.dataset.outlets), outletPoints, signal),
      this.load<Gaps>("gaps", of(this.root.dataset.gaps), (gaps) => this.drawGaps(gaps), signal),
    ]);
    if (signal.aborted) return;
    this.root.removeAttribute("aria-busy");
    this.tell([...this.lost.values()].join(" "));
    this.follow(format);
  }

  /** Say everywhere which format the map is about. */
  private name(format: string): void {
    this.formatName = format;
    for (const place of document.querySelectorAll("[data-map-format-name]")) place.textContent = format;
  }

  private drawHomes(homes: Homes): FeatureCollection {
    this.name(spoken(homes));
    this.canvas.setPaintProperty("homes", "circle-radius", areaOfPeople(nearlyLargest(homes.people)));
    if (!this.whole) {
      this.whole = bounds(homes.lon, homes.lat);
      this.fit(0);
    }
    return homePoints(homes);
  }

  private drawGaps(gaps: Gaps): FeatureCollection {
    this.canvas.setPaintProperty("gaps-point", "circle-radius", areaOfPeople(nearlyLargest(gaps.people) / 5));
    this.labels.show(gaps);
    return gapShapes(gaps);
  }

  /** Fetch one layer and draw it; a failure is kept as a sentence, and the other layers still come. */
  private async load<T>(
    layer: Layer,
    url: string | undefined,
    draw: (answer: T) => FeatureCollection,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!url) return;
    const source = this.canvas.getSource<GeoJSONSource>(layer);
    try {
      const shapes = draw(await json<T>(url, signal));
      if (signal?.aborted) return;
      source?.setData(shapes);
      this.lost.delete(layer);
    } catch (reason) {
      if (signal?.aborted) return;
      const told = reason instanceof Refused ? reason.message : "";
      this.lost.set(layer, told || words.failed(words.layers[layer]));
      source?.setData(collection());
    }
    if (!signal) this.tell([...this.lost.values()].join(" "));
  }

  private tell(sentence: string): void {
    if (!this.say) return;
    this.say.textContent = sentence;
    this.say.hidden = sentence === "";
  }

  private toggle(box: HTMLInputElement): void {
    const layer = box.dataset.mapLayer as Layer;
    for (const id of LAYERS[layer] ?? []) {
      this.canvas.setLayoutProperty(id, "visibility", box.checked ? "visible" : "none");
    }
    if (layer === "gaps") this.labels.visible(box.checked);
  }

  /** Keep the address and the links to tables and downloads at the format on the map. */
  private follow(format: string): void {
    if (!format) return;
    history.replaceState(null, "", withFormat(location.href, format));
    for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-follow-format]")) {
      link.href = withFormat(link.href, format);
    }
  }

  private fit(duration: number): void {
    if (this.whole) this.canvas.fitBounds(this.whole, { padding: 32, maxZoom: 16, duration });
  }

  private wholeButton(): HTMLElement {
    const box = document.createElement("div");
    box.className = "maplibregl-ctrl maplibregl-ctrl-group";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "map__whole";
    button.title = words.controls.whole;
    button.setAttribute("aria-label", words.controls.whole);
    button.addEventListener("click", () => this.fit(400));
    box.append(button);
    return box;
  }

  private listen(): void {
    const clickable = ["outlets", "homes", "gaps-point", "gaps-fill"];
    this.canvas.on("click", (event) => {
      const hit = this.canvas.queryRenderedFeatures(event.point, { layers: clickable })[0];
      if (hit) this.inspect(hit, [event.lngLat.lng, event.lngLat.lat]);
    });
    this.canvas.on("mousemove", (event) => {
      const hit = this.canvas.queryRenderedFeatures(event.point, { layers: clickable }).length > 0;
      this.canvas.getCanvas().style.cursor = hit ? "pointer" : "";
    });
    this.canvas.getCanvas().addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.inspectMiddle();
      if (event.key === "Escape") this.popup?.remove();
    });
  }

  /** For the keyboard: what lies nearest to the cross in the middle. */
  private inspectMiddle(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas.getCanvas();
    const [x, y, reach] = [width / 2, height / 2, 24];
    const box: [[number, number], [number, number]] = [[x - reach, y - reach], [x + reach, y + reach]];
    const hits = this.canvas.queryRenderedFeatures(box, { layers: ["outlets", "homes", "gaps-point"] });
    const far = (hit: Inspected): number => {
      if (hit.geometry.type !== "Point") return Infinity;
      const at = this.canvas.project(hit.geometry.coordinates as [number, number]);
      return Math.hypot(at.x - x, at.y - y);
    };
    const nearest = hits.sort((a, b) => far(a) - far(b))[0];
    const middle = this.canvas.getCenter();
    if (nearest) this.inspect(nearest, [middle.lng, middle.lat]);
  }

  private inspect(hit: Inspected, at: [number, number]): void {
    const place = hit.geometry.type === "Point" ? (hit.geometry.coordinates as [number, number]) : at;
    this.popup?.remove();
    const popup = new Popup({ maxWidth: "20rem", focusAfterOpen: false });
    const grown = (): void => void popup.setLngLat(place); // it chooses its side again, so that all is seen
    this.popup = popup
      .setLngLat(place)
      .setDOMContent(describe(hit, this.formatName, this.root.dataset.home, grown))
      .addTo(this.canvas);
  }
}

for (const root of document.querySelectorAll<HTMLElement>("[data-map]")) {
  try {
    new MapIsland(root);
  } catch {
    const say = root.querySelector<HTMLElement>("[data-map-say]");
    if (say) {
      say.textContent = words.noWebgl;
      say.hidden = false;
    }
  }
}
