//! Records of what an operator changed (H-08).

use crate::shared::record::Record;
use crate::{Model, explore, shared};
use loom::thread::spawn;

pub(crate) const MODELS: &[Model] = &[("record: a reader never sees a mix", no_mix)];

fn no_mix() {
    explore(|| {
        let record = &shared::<Record<2>>(1)[0];
        let writer = spawn(|| (1..=3).for_each(|number| record.write(&[number; 2])));
        let [first, second] = record.read();
        assert_eq!(first, second);
        writer.join().unwrap();
        assert_eq!(record.read(), [3; 2]);
    });
}
