// A step of the compiler: exports get the names of the contract, which AssemblyScript cannot write.
const CONTRACT = "0.1.0";
const FILE = "assembly/rjk/exports";
const INTERFACES = { configure: "router", choose: "router" };

export default class Exports {
  afterCompile(module) {
    for (const [name, of] of Object.entries(INTERFACES)) {
      module.removeExport(name);
      module.addFunctionExport(`${FILE}/${name}`, `rjk:policy/${of}@${CONTRACT}#${name}`);
    }
  }
}
