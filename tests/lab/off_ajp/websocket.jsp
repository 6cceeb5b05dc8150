<%-- From its first request on, /echo is a WebSocket that sends back what it gets. --%>
<%@ page session="false" trimDirectiveWhitespaces="true" contentType="text/plain" import="javax.websocket.*,javax.websocket.server.*" %>
<%!
  public static class Echo extends Endpoint {
    @Override
    public void onOpen(Session session, EndpointConfig config) {
      session.addMessageHandler(String.class, text -> session.getAsyncRemote().sendText(text));
    }
  }
%>
<%
  ServerContainer container = (ServerContainer) application.getAttribute(ServerContainer.class.getName());
  container.addEndpoint(ServerEndpointConfig.Builder.create(Echo.class, "/echo").build());
%>open
