/** The few sentences that the islands say themselves, in the page's language. */

const zh = {
  people: (n: string) => `${n} 人`,
  minutes: (n: string) => `${n} 分钟`,
  beyond: "30 分钟以上或走不到",
  nearest: (name: string) => `到最近${name}`,
  home: (people: string) => `一处住宅，约 ${people} 人`,
  gap: (rank: string) => `第 ${rank} 处缺口`,
  worst: (minutes: string) => `最远的要走 ${minutes} 分钟`,
  format: "业态",
  loading: "正在取地图数据…",
  failed: (what: string) => `${what}没有取到，图上不全；表里的数字不受影响。可刷新再试。`,
  signedOut: "登录已失效，地图数据取不到。请刷新页面重新登录。",
  noWebgl: "这个浏览器画不了地图（缺 WebGL）。数字都在表里，不受影响。",
  layers: { homes: "住宅", outlets: "网点", gaps: "缺口", streets: "街道", areas: "边界" },
  controls: { in: "放大", out: "缩小", whole: "回到全图", metres: "米", kilometres: "公里", map: "地图：方向键移动，加减号缩放，回车查看正中，Esc 收起" },
  stalled: "进度暂时取不到，任务不受影响，稍后会再试。",
  seconds: (n: string) => `${n} 秒`,
};

const en: typeof zh = {
  people: (n) => `${n} people`,
  minutes: (n) => `${n} min`,
  beyond: "over 30 min or not walkable",
  nearest: (name) => `to the nearest ${name}`,
  home: (people) => `A home of about ${people} people`,
  gap: (rank) => `Gap no. ${rank}`,
  worst: (minutes) => `the farthest walk ${minutes} min`,
  format: "Format",
  loading: "Loading the map…",
  failed: (what) => `Could not load: ${what}. The map is incomplete; the tables are not affected. Reload to try again.`,
  signedOut: "You are signed out, so the map cannot load. Reload the page to sign in.",
  noWebgl: "This browser cannot draw the map (no WebGL). All figures stand in the tables.",
  layers: { homes: "homes", outlets: "outlets", gaps: "gaps", streets: "streets", areas: "boundaries" },
  controls: { in: "Zoom in", out: "Zoom out", whole: "Whole map", metres: "m", kilometres: "km", map: "Map: arrows move, plus and minus zoom, Enter inspects the middle, Esc closes" },
  stalled: "Progress cannot be read just now; the job is not affected. Trying again.",
  seconds: (n) => `${n} s`,
};

export const inEnglish = document.documentElement.lang.startsWith("en");
export const words = inEnglish ? en : zh;

/** A thing's name in the page's language; not all that are named have an English one. */
export const spoken = (named: { name: string; english?: string }): string =>
  (inEnglish && named.english) || named.name;

const whole = new Intl.NumberFormat("zh-Hans-CN");
const tenth = new Intl.NumberFormat("zh-Hans-CN", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n: number): string => whole.format(n);
export const oneDecimal = (n: number): string => tenth.format(n);
