<%-- Answers code=N; body=TEXT is the body, error=1 uses sendError, location=URL redirects with that Location,
     header=Name:Value may be repeated. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" contentType="text/plain; charset=UTF-8" %>
<%
  int code = request.getParameter("code") == null ? 200 : Integer.parseInt(request.getParameter("code"));
  String[] headers = request.getParameterValues("header");
  for (String header : headers == null ? new String[0] : headers) {
    int colon = header.indexOf(':');
    response.addHeader(header.substring(0, colon), header.substring(colon + 1));
  }
  if (request.getParameter("location") != null) response.setHeader("Location", request.getParameter("location"));
  if (request.getParameter("error") != null) {
    response.sendError(code);
    return;
  }
  response.setStatus(code);
  if (request.getParameter("body") != null) out.print(request.getParameter("body"));
%>
