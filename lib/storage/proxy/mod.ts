/**
 * Another SFTP server as a storage. It stands beside the library itself,
 * because it brings along what speaks SSH.
 *
 * @module
 */

export {
  type ConnectEnvironment,
  ConnectError,
  type ConnectOptions,
  type HostVerification,
  type SshTransport,
} from "./connection_options.ts";
export { openProxy, type OpenProxyOptions } from "./open_proxy.ts";
export { type ProxyOptions, ProxyStorage } from "./proxy.ts";
