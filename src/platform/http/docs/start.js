// The bar of the full layout has a field for the address of another API and a logo with a style of its own, which the
// policy of this page refuses. The validator's badge would ask a server elsewhere.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  layout: "BaseLayout",
  validatorUrl: "none",
  persistAuthorization: false,
  presets: [window.SwaggerUIBundle.presets.apis],
});
