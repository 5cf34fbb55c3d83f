// Writes and reads with three drivers, from the environment alone, and says who answered.
const { MongoClient } = require("mongodb");
const { Client } = require("pg");
const Redis = require("ioredis");

async function postgresql() {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  try {
    const { rows } = await client.query("select name from who");
    return rows[0].name;
  } finally {
    await client.end();
  }
}

async function mongodb() {
  const client = new MongoClient(process.env.MONGO_URL, { serverSelectionTimeoutMS: 5000 });
  try {
    const notes = client.db("shop").collection("notes");
    const { insertedId } = await notes.insertOne({ by: "node" });
    if ((await notes.findOne({ _id: insertedId })).by !== "node") throw new Error("lost");
    return (await client.db("lab").collection("who").findOne()).name;
  } finally {
    await client.close();
  }
}

async function redis() {
  const options = { maxRetriesPerRequest: 1, connectTimeout: 5000 };
  const byUrl = new Redis(process.env.REDIS_URL, options);
  const byPair = new Redis({ ...options, host: process.env.CACHE_REDIS_HOST, port: process.env.CACHE_REDIS_PORT });
  try {
    await byUrl.set("note", "node");
    if ((await byPair.get("note")) !== "node") throw new Error("lost");
    return await byPair.get("who");
  } finally {
    byUrl.disconnect();
    byPair.disconnect();
  }
}

async function main() {
  const who = { pg: await postgresql(), mongo: await mongodb(), redis: await redis() };
  console.log(JSON.stringify({ ...who, public: process.env.PUBLIC_URL, pid: process.pid }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
