// A program with an address in its code: a set of three, whose members announce loopback.
const { setTimeout } = require("timers/promises");
const { MongoClient } = require("mongodb");
const [url] = process.argv.slice(2);

function known(client) {
  const nodes = [...client.topology.description.servers.values()];
  return nodes.filter((node) => node.type.startsWith("RS")).map((node) => node.address);
}

async function main() {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 8000 });
  try {
    const notes = client.db("lab").collection("node_notes");
    const { insertedId } = await notes.insertOne({ by: "node" });
    if ((await notes.findOne({ _id: insertedId })).by !== "node") throw new Error("lost");
    const { name } = await client.db("lab").collection("who").findOne();
    // A member that is not asked anything may be found later than the primary.
    const ends = Date.now() + 8000;
    while (known(client).length < 3 && Date.now() < ends) await setTimeout(50);
    console.log(name, known(client).sort().join(","));
  } finally {
    await client.close();
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
