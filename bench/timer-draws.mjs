// What a batch of the bench of timers is about, drawn before it begins.

import { following, share } from "./measure.mjs";

/**
 * Gives a function that draws for one batch: where among `size` that are pending, no place twice, and the seconds of what is made
 * there, from `least` to `most`. Nothing is left to be collected of it: that would take the room in the processor's caches which
 * what is measured has there.
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
