// The random choices for a batch of the timer bench, made before it begins.

import { following, share } from "./measure.mjs";

/**
 * Returns a function that draws for one batch: different places among `size` pending timers, and the delays in seconds of new timers
 * there, from `least` to `most`. It leaves no garbage, which would take space in the processor's caches from the
 * measured code.
 */
export function drawer(size, least, most) {
  const state = new Int32Array([1]);
  const drawn = new Int32Array(size); // by place: the batch that has drawn it
  let batch = 0;
  return (places, delays) => {
    batch++;
    let word = state[0];
    for (let i = 0; i < places.length; i++) {
      word = following(word);
      delays[i] = least + share(word) * (most - least);
      let place = 0;
      do {
        word = following(word);
        place = Math.floor(share(word) * size);
      } while (drawn[place] === batch);
      drawn[place] = batch;
      places[i] = place;
    }
    state[0] = word;
  };
}
