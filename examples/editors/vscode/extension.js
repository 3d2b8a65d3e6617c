// Starts `cam lsp` for `.cam` files. Everything else is in the server.

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = function () {
  const command = vscode.workspace.getConfiguration("camshaft").get("command");
  client = new LanguageClient(
    "camshaft",
    "Camshaft",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "cam" }],
      // A release writes into `history/`, which sources are checked against.
      synchronize: {
        fileEvents: vscode.workspace.createFileSystemWatcher("**/{cam.toml,history/*}"),
      },
    },
  );
  return client.start();
};

exports.deactivate = function () {
  return client?.stop();
};
