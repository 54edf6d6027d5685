// Builds the islands: node build.mjs OUT_FOLDER. Everything a page loads lies beside it in OUT_FOLDER.
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { argv } from "node:process";
import { build } from "esbuild";

const out = argv[2] ?? "../static/dist";
await mkdir(out, { recursive: true });

const built = await build({
  entryPoints: {
    map: "src/map.ts",
    progress: "src/progress.ts",
    shell: "src/shell.ts",
    maplibre: "maplibre-gl/dist/maplibre-gl.css",
  },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none", // LICENSES.txt carries the whole texts
  chunkNames: "[name]-[hash]",
  metafile: true,
  logLevel: "warning",
});

// MapLibre's worker is a module of its own and loads nothing further.
await copyFile("node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs", join(out, "map-worker.js"));

await writeFile(join(out, "LICENSES.txt"), await licences(Object.keys(built.metafile.inputs)));

/** Gather the licence of every package whose code went into the bundle; the worker's are the same. */
async function licences(inputs) {
  const names = new Set(["maplibre-gl"]);
  for (const input of inputs) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) names.add(found[1]);
  }
  const lock = JSON.parse(await readFile("node_modules/maplibre-gl/package.json", "utf8"));
  for (const name of Object.keys(lock.dependencies)) names.add(name); // maplibre ships them prebundled
  const parts = [];
  for (const name of [...names].sort()) {
    const folder = join("node_modules", name);
    let files;
    try {
      files = await readdir(folder);
    } catch {
      continue; // types only, not installed
    }
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = files.find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file ? await readFile(join(folder, file), "utf8") : "";
    parts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return parts.join(`\n${"-".repeat(72)}\n\n`);
}
