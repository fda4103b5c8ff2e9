import type { Row } from "../table.ts";
import { directoryRows } from "./directories.ts";
import { extensionRows } from "./extensions.ts";
import { fileRows } from "./files.ts";
import { pathRows } from "./paths.ts";

/** The requests of SFTP version 3, in the order in which OpenSSH lists them. */
export const coreRows: readonly Row[] = [
  fileRows.open,
  fileRows.close,
  fileRows.read,
  fileRows.write,
  pathRows.lstat,
  fileRows.fstat,
  pathRows.setstat,
  fileRows.fsetstat,
  directoryRows.opendir,
  directoryRows.readdir,
  pathRows.remove,
  directoryRows.mkdir,
  directoryRows.rmdir,
  pathRows.realpath,
  pathRows.stat,
  pathRows.rename,
  pathRows.readlink,
  pathRows.symlink,
];

export { extensionRows };
