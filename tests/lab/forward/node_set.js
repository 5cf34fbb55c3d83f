// A program with an address in its code: a set of three, whose members announce loopback.
const { MongoClient } = require("mongodb");
const [url] = process.argv.slice(2);

async function main() {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 8000 });
  try {
    const notes = client.db("lab").collection("node_notes");
    const { insertedId } = await notes.insertOne({ by: "node" });
    if ((await notes.findOne({ _id: insertedId })).by !== "node") throw new Error("lost");
    const { name } = await client.db("lab").collection("who").findOne();
    const nodes = [...client.topology.description.servers.values()];
    const known = nodes.filter((node) => node.type.startsWith("RS")).map((node) => node.address);
    console.log(name, known.sort().join(","));
  } finally {
    await client.close();
  }
}

main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
