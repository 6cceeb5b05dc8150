<%-- Everything that Tomcat knows about the request, one key=value per line. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" import="java.util.*" contentType="text/plain; charset=UTF-8" %>
<%!
  private static void line(StringBuilder text, String key, Object value) {
    String shown = String.valueOf(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    text.append(key).append('=').append(shown).append('\n');
  }
%>
<%
  StringBuilder text = new StringBuilder();
  line(text, "method", request.getMethod());
  line(text, "requestURI", request.getRequestURI());
  line(text, "contextPath", request.getContextPath());
  line(text, "servletPath", request.getServletPath());
  line(text, "pathInfo", request.getPathInfo());
  line(text, "queryString", request.getQueryString());
  line(text, "protocol", request.getProtocol());
  line(text, "scheme", request.getScheme());
  line(text, "secure", request.isSecure());
  line(text, "serverName", request.getServerName());
  line(text, "serverPort", request.getServerPort());
  line(text, "remoteAddr", request.getRemoteAddr());
  line(text, "remoteHost", request.getRemoteHost());
  line(text, "remotePort", request.getRemotePort());
  line(text, "remoteUser", request.getRemoteUser());
  line(text, "authType", request.getAuthType());
  line(text, "localAddr", request.getLocalAddr());
  line(text, "localName", request.getLocalName());
  line(text, "localPort", request.getLocalPort());
  line(text, "contentLength", request.getContentLengthLong());
  line(text, "node", System.getProperty("rjk.node"));
  for (String name : Collections.list(request.getHeaderNames())) {
    for (String value : Collections.list(request.getHeaders(name))) {
      line(text, "header." + name, value);
    }
  }
  for (String name : new TreeSet<String>(Collections.list(request.getAttributeNames()))) {
    line(text, "attribute." + name, request.getAttribute(name));
  }
  // Not in the list of names unless asked for by name.
  for (String name : new String[] {"JK_LB_ACTIVATION", "AJP_REMOTE_PORT", "AJP_LOCAL_ADDR", "AJP_SSL_PROTOCOL"}) {
    if (request.getAttribute(name) != null) {
      line(text, "known." + name, request.getAttribute(name));
    }
  }
  line(text, "requestedSessionId", request.getRequestedSessionId());
  if (request.getSession(false) != null) {
    line(text, "sessionId", request.getSession(false).getId());
  }
  out.print(text);
%>
