import { GROWTH_STAGES } from "./growth.ts";
import { STAGES } from "./stages.ts";

/** One figure, by what it tells. */
export interface Metric {
  /** As in the samples. */
  readonly id: string;
  /** For the first column of a table. */
  readonly name: string;
  /** Behind the name; empty where the figure is a plain number. */
  readonly unit: string;
  /** Decimals to show. */
  readonly digits: number;
  /** Whether more is better. */
  readonly higher: boolean;
}

const lower = { higher: false } as const;

/** Every metric, in the order of the table. */
export const METRICS: readonly Metric[] = [
  ...STAGES.map(({ id, name, unit }) => ({ id, name, unit, digits: 0, higher: true })),
  ...STAGES.filter(({ moves }) => moves).map(({ id, name }) => ({
    id: `cpu-${id}`,
    name: `CPU time, ${name.split(",")[0]}`,
    unit: "s/GiB",
    digits: 2,
    ...lower,
  })),
  { id: "start", name: "start to VERSION", unit: "ms", digits: 1, ...lower },
  { id: "peak", name: "peak memory", unit: "MiB", digits: 1, ...lower },
  { id: "idle", name: "private memory of an idle session", unit: "MiB", digits: 1, ...lower },
  ...STAGES.filter(({ id }) => GROWTH_STAGES.includes(id)).map(({ id, name }) => ({
    id: `growth-${id}`,
    name: `large ÷ small run, ${name}`,
    unit: "",
    digits: 2,
    higher: true,
  })),
  { id: "growth-peak", name: "large ÷ small run, peak memory", unit: "", digits: 2, ...lower },
  { id: "sshd-get", name: "through sshd: get", unit: "MB/s", digits: 0, higher: true },
  { id: "sshd-put", name: "through sshd: put", unit: "MB/s", digits: 0, higher: true },
];
