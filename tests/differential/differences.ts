/**
 * Where this server means to differ from OpenSSH's, each with its reason. Whatever else differs
 * is a fault, and so is an entry here that nothing needs any more.
 *
 * @module
 */

/** How `--confine` has the jail kept. */
export type RootKind = "kernel" | "portable";

/** A step, or what is on disk after a case, that came out differently. */
export interface Mismatch {
  /** Which of our roots it is. */
  readonly root: RootKind;
  readonly name: string;
  /** The step, or `on disk: /path`. */
  readonly step: string;
  readonly theirs: string;
  readonly ours: string;
}

/** A difference that is meant. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  /** The root that it is about; both where absent. */
  readonly root?: RootKind;
  /** Where the entry may be idle: what it is about is not so on every machine. */
  readonly dependsOn?: "the file system" | "the version of OpenSSH" | "what else runs";
  /** Which mismatches it explains: all of these must match. */
  readonly where?: RegExp;
  readonly step?: RegExp;
  readonly theirs?: RegExp;
  readonly ours?: RegExp;
}

/** Whether a difference explains a mismatch. */
export function explains(difference: Difference, mismatch: Mismatch): boolean {
  const { root, where, step, theirs, ours } = difference;
  return (root === undefined || root === mismatch.root) &&
    (where?.test(mismatch.name) ?? true) && (step?.test(mismatch.step) ?? true) &&
    (theirs?.test(mismatch.theirs) ?? true) && (ours?.test(mismatch.ours) ?? true);
}

const NAMING = /^(RENAME|posix-rename|hardlink|REMOVE|RMDIR|MKDIR|SYMLINK) /;

/** What Deno's own file API could not do yet in its version 2.6. */
const OF_OLD_DENO: readonly Difference[] = [
  {
    name: "Deno 2.6: the owner of a link stays",
    reason: "lchown acted on what the link leads to; it is refused",
    root: "portable",
    where: /^lsetstat of to-|^owner /,
    step: /^(lsetstat|lstat) "@\/to-[\w-]+"|^list$/,
  },
  {
    name: "Deno 2.6: times before 1970 lose their sign",
    reason: "Deno tells them so",
    root: "portable",
    where: /^the date of a longname$/,
    step: /^list$|^stat "@\/(before|in)-/,
  },
];

/** The table. */
export const differences: readonly Difference[] = [
  ...(/^2\.6\./.test(Deno.version.deno) ? OF_OLD_DENO : []),
  {
    name: "FAILURE says why",
    reason: "the text after the colon helps the user, and clients go by the code",
    theirs: /^STATUS 4 "Failure"$/,
    ours: /^STATUS 4 "Failure: .+"$/,
  },
  {
    name: "other handles than OpenSSH's 5 fewer than descriptors",
    reason: "more are left for a look at a path, and Deno raises its own limit to the hard one",
    step: /^limits$|^extended "limits@openssh\.com"$/,
    theirs: /^EXTENDED_REPLY/,
    ours: /^EXTENDED_REPLY/,
  },
  {
    name: "OPEN of a directory is refused",
    reason: "a handle of a directory that every READ fails on is of no use; clients use OPENDIR",
    step: /^open /,
    theirs: /^HANDLE$/,
    ours: /^STATUS 4 "Failure: is a directory"$/,
  },
  {
    name: "OPEN of a device is refused",
    reason: "a jail gives files to its clients, and no hardware",
    step: /^open /,
    theirs: /^HANDLE$/,
    ours: /^STATUS 4 "Failure: not a regular file"$/,
  },
  {
    name: "RENAME over a link that leads nowhere is refused",
    reason: "OpenSSH asks stat(2) whether the name is taken, which a dangling link denies, " +
      "and then replaces the link",
    where: /^RENAME of .* to other-to-nothing$/,
  },
  {
    name: "what ends in /. ends in /",
    reason: "segments that are a dot are taken out before a storage sees the path; the system " +
      "refuses to remove, rename or make what is named so",
    where: /\/\.( (to|with) .*)?$/,
  },
  {
    name: "the root is in use, also where it is called a dot",
    reason: "as above",
    where: /^requests on "\/?\."$/,
    step: /^rmdir /,
    theirs: /^STATUS 5/,
    ours: /^STATUS 4 "Failure: in use by the system"$/,
  },
  {
    name: "slashes and dots do not lengthen a path",
    reason: "they are taken out before the length is looked at",
    where: /^a path of 5,000 bytes of (slashes|dots)$/,
  },
  {
    name: "positions that no file reaches",
    reason: "OpenSSH seeks, which ext4 refuses behind its largest file; here the position goes " +
      "with the data, and READ finds the end; from 2^53 on both are refused here",
    dependsOn: "the file system",
    where: /^(READ|WRITE) at \d{14,}$/,
    step: /^(read|write) \d{14,}/,
    theirs: /^STATUS 5|^STATUS 1|^DATA 0/,
  },
  {
    name: "the largest size of all makes no sense",
    reason: "sizes are counted exactly up to 2^53, so 2^63 - 1 looks like 2^63, which is EINVAL",
    where: /^size 9223372036854775807$/,
    theirs: /^STATUS 4/,
    ours: /^STATUS 5/,
  },
  {
    name: "copy-data says EOF where the source is shorter than asked for",
    reason: "as its draft has it; OpenSSH forgets to where the end comes in the last chunk",
    dependsOn: "the version of OpenSSH",
    step: /^copy-data /,
    theirs: /^STATUS 0/,
    ours: /^STATUS 1/,
  },
  {
    name: "copy-data does not call a failure a success",
    reason: "OpenSSH does so where the failure comes in the last chunk",
    dependsOn: "the version of OpenSSH",
    where: /^copy-data where it cannot be$/,
    theirs: /^STATUS 0/,
    ours: /^STATUS 2/,
  },
  {
    name: "copy-data refuses two names of one file",
    reason: "it would read what it has just written; newer versions of OpenSSH refuse it too",
    dependsOn: "the version of OpenSSH",
    where: /^copy-data between two names of one file$/,
  },
  {
    name: "SETSTAT of no path is no such file, also where nothing is to be set",
    reason: "OpenSSH looks at the path only where there is something to do",
    step: /^setstat "" $/,
  },
  {
    name: "REALPATH does not take a file for a directory",
    reason: "OpenSSH cuts `/`, `/.` and `/..` off by their letters",
    step: /^(realpath|expand-path) ".*(file|sibling)(-slash)?(\/.*)?"$/,
    theirs: /^NAME/,
    ours: /^STATUS 2/,
  },
  {
    name: "REALPATH of what is missing takes a slash at its end",
    reason: "a client asks so for a directory that it is about to make",
    step: /^(realpath|expand-path) ".*(missing|nothing)\/\.?"$/,
    theirs: /^STATUS 2/,
    ours: /^NAME/,
  },
  {
    name: "REALPATH follows as many links as the system does",
    reason: "OpenSSH has a limit of its own, below the system's 40",
    where: /^a chain of (39|40) links$/,
    step: /^realpath/,
    theirs: /^STATUS 2/,
    ours: /^NAME/,
  },
  {
    name: "WRITE of no bytes is done",
    reason: "the system is not asked whether it could be, so a file that was opened to be read " +
      "takes them too",
    step: /^write \d+, 0 bytes$/,
    theirs: /^STATUS 2/,
    ours: /^STATUS 0/,
  },
  {
    name: "home-directory without a user is that of the session's",
    reason: "as the draft and newer versions of OpenSSH have it",
    dependsOn: "the version of OpenSSH",
    step: /^home-directory ""$/,
    ours: /^NAME 1\n {2}"\/" /,
  },
  {
    name: "no other user has a home",
    reason: "who else has an account on the host is no business of a jail's client",
    step: /^home-directory "nobody"$|^expand-path "~nobody"$/,
    ours: /no such user"$/,
  },
  {
    name: "Landlock: a FIFO keeps its name",
    reason: "to rename or link one is to make one for Landlock, and no client may make one",
    where: NAMING,
    step: /^(rename|posix-rename|hardlink) "@\/fifo"|^on disk: /,
    theirs: /^STATUS [04]|^missing$|^mode (10|40)/,
  },
  {
    name: "of two reasons to refuse, the new name's may be told",
    reason: "it is looked at before the old one",
    root: "kernel",
    step: /^rename "@\/(missing|file\/)/,
    theirs: /^STATUS 2/,
    ours: /^STATUS 4 "Failure: file exists"$/,
  },
  {
    name: "of two reasons to refuse, that it is a directory is told",
    reason: "a path with a slash at its end can be nothing else, and is not linked",
    root: "kernel",
    step: /^hardlink "@\/[\w-]+\/"/,
    theirs: /^STATUS [24]/,
    ours: /^STATUS 3/,
  },
  {
    name: "the directory above the root has no name to be linked",
    reason: "it is not reached at all, where OpenSSH finds out that it is a directory",
    root: "kernel",
    step: /^hardlink "\.\."/,
    ours: /^STATUS 4 "Failure: on another file system"$/,
  },
  {
    name: "names that are not UTF-8",
    reason: "Deno's own file API would mangle them, so the portable root refuses them",
    root: "portable",
    where: /^a name with (Latin-1|half a UTF-8 sequence|a surrogate in UTF-8|an overlong slash)$/,
  },
  {
    name: "of two reasons to refuse, another may be told",
    reason: "the portable root looks at a path step by step, in another order than the system",
    root: "portable",
    where: NAMING,
    theirs: /^STATUS [2345]/,
    ours: /^STATUS [2345]/,
  },
  {
    name: "statvfs without id and flags",
    reason: "Deno tells neither",
    root: "portable",
    dependsOn: "the file system",
    step: /statvfs/,
    theirs: /^EXTENDED_REPLY/,
    ours: /^EXTENDED_REPLY .* fsid 0, flag 0, namemax 255$/,
  },
  {
    name: "fstatvfs of a file that is gone",
    reason: "Deno asks by path only",
    root: "portable",
    where: /^a file that is removed stays open$/,
    step: /^fstatvfs$/,
    ours: /^STATUS 2/,
  },
  {
    name: "a listing of what has been removed has `..` in it",
    reason: "the portable root asks by path, and the way up is still there",
    root: "portable",
    where: /^READDIR of a directory that has been removed$/,
    theirs: /^NAME 0/,
    ours: /^NAME 1\n {2}"\.\."/,
  },
  {
    name: "OPEN to make what ends in a slash",
    reason: "both refuse; the portable root sees first that it is no directory",
    root: "portable",
    where: /^OPEN of .*\/ with/,
    theirs: /^STATUS 4/,
    ours: /^STATUS 2/,
  },
];
