export async function engineIo() {}
