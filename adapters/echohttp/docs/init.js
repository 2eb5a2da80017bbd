// The page's own URL decides nothing here: neither ?url= nor ?configUrl= is read, and no token outlives the page.
'use strict'

window.ui = SwaggerUIBundle({
  dom_id: '#swagger-ui',
  url: '/openapi.json',
  queryConfigEnabled: false,
  validatorUrl: null, // it would send the document to another host
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  filter: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  requestInterceptor: (request) => {
    // The password flow would add the credential of a client that has neither id nor secret.
    if (new URL(request.url, location.href).pathname === '/auth/login') delete request.headers.Authorization
    return request
  },
  responseInterceptor: (response) => {
    // The dialog shows the status's words alone: give it those of the problem.
    if (new URL(response.url, location.href).pathname === '/auth/login' && response.obj?.detail) response.statusText = response.obj.detail
    return response
  },
})
