// What can be seen now, in words, once the settings are not those of a preset any more.

const ENOUGH = 12; // samples, before which there is nothing to see

/** @typedef {import("./host.js").Host} Host */
/** @typedef {Readonly<import("./settings.js").Settings>} Settings */

/** @param {Host} host @param {Settings} settings */
export function verdict(host, settings) {
  const { ledger } = host;
  const isOver = settings.load > 1;
  const arrivals = isOver
    ? "More clients arrive than the server can serve."
    : "Clients arrive no faster than the server can serve them.";
  if (ledger.goodput.length < ENOUGH) return arrivals;
  return [arrivals, service(host, settings), settings.flooder > 0 ? turns(host) : ""].join(" ").trim();
}

/** @param {Host} host @param {Settings} settings */
function service({ ledger, places }, { load, silent }) {
  const share = ledger.goodput.ago(0) / Math.min(1, load * (1 - silent / 100));
  if (share > 0.8) {
    return load > 1 ? "It works at capacity, for clients that are still there." : "Nearly all of them are served.";
  }
  const taken = places.seats.filter((client) => client !== undefined);
  const gone = taken.filter(({ isGone }) => isGone).length;
  if (gone > taken.length / 2) return "But most of its slots have clients that have left: it works for nobody.";
  if (places.silent > taken.length / 2) return "But most of its slots have clients that send nothing.";
  return "Only a part of its work is for clients that are still there.";
}

/** @param {Host} host */
function turns({ ledger }) {
  const { share } = ledger.others;
  if (Number.isNaN(share)) return "";
  if (share > 0.8) return "The forty addresses are served, whatever the other one sends.";
  return "Many clients of the forty addresses are not served.";
}
