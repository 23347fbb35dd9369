export async function recovery() {}
